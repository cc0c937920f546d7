"""Which files differ between trees of a repository: told by git from tree ids, without opening a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.git import run_git

_MERGE_BASES_AT_ONCE = 4
_OBJECTS_KEPT = 50_000
_kept: dict[tuple[Path, str], str] = {}
"""By repository and name (a commit and a path in it): the object's id."""
_NOTHING = re.compile(r"0+")


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, with the object ids of both versions; empty where a side lacks it."""

    path: str
    """From the repository's top."""
    before: str
    after: str
    is_plain: bool
    """No symbolic link and no submodule on either side."""


def tree_ids(directory: Path, commits: Sequence[str]) -> dict[str, str]:
    """By commit: the id of its whole tree. What is no commit is left out."""
    return objects_at(directory, [(commit, "") for commit in commits], suffix="^{tree}")


def objects_at(directory: Path, places: Sequence[tuple[str, str]], *, suffix: str = "") -> dict[str, str]:
    """By commit: the id of the object at a path. `places`: (whole id of a commit, path from the top). Missing ones are left out.

    What a commit holds never changes, so that git is asked once.
    """
    names = {commit: f"{commit}{suffix or f':{path}'}" for commit, path in places}
    found = {name: kept for name in names.values() if (kept := _kept.get((directory, name)))}
    unknown = [name for name in names.values() if name not in found]
    if unknown:
        check = ("cat-file", "--batch-check=%(objectname)", "--buffer")
        asked = os.fsencode("".join(f"{name}\n" for name in unknown))
        lines = (run_git(directory, *check, standard_input=asked) or b"").decode("utf-8", "replace").splitlines()
        found |= {name: line for name, line in zip(unknown, lines, strict=False) if " " not in line}
        if len(_kept) > _OBJECTS_KEPT:
            _kept.clear()
        _kept.update({(directory, name): found[name] for name in unknown if name in found})
    return {commit: found[name] for commit, name in names.items() if name in found}


def tree_changes(
    directory: Path, pairs: Sequence[tuple[str, str]], paths: Sequence[str]
) -> list[tuple[FileChange, ...]]:
    """For each pair of tree ids, what changed below `paths` (from the top). One process, however many pairs."""
    asked = "".join(f"{before} {after}\n" for before, after in pairs).encode("ascii")
    options = ("--stdin", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index", "--raw")
    answer = run_git(directory, "diff-tree", *options, "--", *paths, standard_input=asked) or b""
    found: list[list[FileChange]] = [[] for _ in pairs]
    at = -1
    fields = iter(answer.split(b"\0"))
    for field in fields:
        *headers, about = field.split(b"\n")
        at += len(headers)
        if about.startswith(b":"):
            found[at].append(_file_change(about.decode("ascii"), os.fsdecode(next(fields))))
    return [tuple(changes) for changes in found]


def merge_bases(directory: Path, commit: str, others: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By other commit: the best common ancestors with `commit`; several after criss-cross merges, none if unrelated."""

    def find(other: str) -> tuple[str, ...]:
        answer = run_git(directory, "merge-base", "--all", commit, other)
        return tuple((answer or b"").decode("ascii").split())

    wanted = list(dict.fromkeys(others))
    with ThreadPoolExecutor(_MERGE_BASES_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(find, wanted), strict=True))


def _file_change(about: str, path: str) -> FileChange:
    """`:old-mode new-mode old-id new-id letter`."""
    old_mode, new_mode, before, after, _ = about.lstrip(":").split(" ", 4)
    is_plain = all(mode.startswith("100") or _NOTHING.fullmatch(mode) for mode in (old_mode, new_mode))
    return FileChange(path, _id(before), _id(after), is_plain)


def _id(text: str) -> str:
    return "" if _NOTHING.fullmatch(text) else text
