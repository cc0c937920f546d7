"""On which branches and tags a revision exists that the checkout lacks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.git import run_git
from dashboard.sources.git_blobs import read_blobs
from dashboard.sources.git_refs import GitRef, list_refs
from dashboard.sources.revision_file import read_revision_file

REFS_SEARCHED = 1000
"""The newest ones. A repository may have a branch for every ticket it ever had."""
_BLOBS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FoundRevision:
    """A revision on some refs."""

    revision: str
    message: str
    path: str
    """From the repository's top."""
    refs: tuple[GitRef, ...]
    """Newest first."""


def find_revisions(folders: Iterable[Path], revisions: Iterable[str]) -> dict[str, FoundRevision]:
    """Look for revision ids in the version locations `folders` on all refs. Those that are nowhere are left out.

    Every distinct file is read once, however many refs have it.
    """
    missing = set(revisions)
    places = [place for folder in folders if (place := _place(folder)) is not None]
    found: dict[str, FoundRevision] = {}
    for top, inside in places:
        if not missing - found.keys():
            break
        refs_of = _blobs_by_ref(top, inside)
        for path, refs, content in _contents(top, refs_of):
            record = read_revision_file(path, content).record
            if record is None or record.revision not in missing:
                continue
            before = found.get(record.revision)
            everywhere = tuple(dict.fromkeys((*(before.refs if before else ()), *refs)))
            found[record.revision] = FoundRevision(record.revision, record.message, path, everywhere)
    return found


def _contents(top: Path, refs_of: dict[tuple[str, str], list[GitRef]]) -> Iterator[tuple[str, list[GitRef], bytes]]:
    listed = list(refs_of.items())
    for start in range(0, len(listed), _BLOBS_AT_ONCE):
        part = listed[start : start + _BLOBS_AT_ONCE]
        contents = read_blobs(top, [blob for (blob, _), _ in part])
        for (blob, path), refs in part:
            content = contents.get(blob)
            if isinstance(content, bytes):
                yield path, refs, content


def _place(folder: Path) -> tuple[Path, str] | None:
    """The repository's top and the folder's path from there. The folder itself may be missing in this checkout."""
    existing = next((path for path in (folder, *folder.parents) if path.is_dir()), folder)
    answer = run_git(existing, "rev-parse", "--show-toplevel")
    if answer is None:
        return None
    top = Path(os.fsdecode(answer).rstrip("\n"))
    real = Path(os.path.realpath(folder))
    return (top, real.relative_to(top).as_posix()) if real.is_relative_to(top) else None


def _blobs_by_ref(top: Path, inside: str) -> dict[tuple[str, str], list[GitRef]]:
    """By object id and path: the refs that have this file below the folder. A tree that refs share is listed once."""
    refs = list_refs(top)[:REFS_SEARCHED]
    asked = "".join(f"{ref.commit}:{'' if inside == '.' else inside}\n" for ref in refs).encode("utf-8", "replace")
    answer = run_git(top, "cat-file", "--batch-check=%(objectname) %(objecttype)", standard_input=asked) or b""
    by_tree: dict[str, list[GitRef]] = {}
    for ref, line in zip(refs, answer.decode("utf-8", "replace").splitlines(), strict=False):
        tree, _, kind = line.partition(" ")
        if kind == "tree":
            by_tree.setdefault(tree, []).append(ref)
    found: dict[tuple[str, str], list[GitRef]] = {}
    for tree, sharing in by_tree.items():
        listed = run_git(top, "ls-tree", "-r", "-z", tree) or b""
        for raw in filter(None, listed.split(b"\0")):
            about, _, name = raw.partition(b"\t")
            mode, _, blob = about.decode("ascii").split()
            if mode.startswith("100") and name.endswith(b".py"):
                found.setdefault((blob, f"{inside}/{os.fsdecode(name)}"), []).extend(sharing)
    return found
