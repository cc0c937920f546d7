"""Who brought each revision file in, and when."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard.sources.git import run_git

_FORMAT = "%x01%H%x02%an%x02%aI%x02%cI"
_FIELDS = "\x02"
_TIMEOUT = 300.0
"""Seconds. Git compares two whole folders for each commit: ten thousand of each take it ten seconds."""


@dataclass(frozen=True, slots=True)
class FileCommit:
    """The commit that added a file."""

    commit: str
    author: str
    authored_at: datetime
    committed_at: datetime


def file_history(directory: Path, paths: Iterable[str | Path], *, commit: str = "HEAD") -> dict[str, FileCommit]:
    """By path as given (relative ones are relative to `directory`): the commit that added the file.

    Renames are followed. Files that are not committed are left out; so is everything outside of a repository.
    One pass over the history of the folders, so ask for all files at once.
    """
    given = {os.path.normpath(directory / path): str(path) for path in paths}
    top = run_git(directory, "rev-parse", "--show-toplevel", "--show-prefix")
    if not given or top is None:
        return {}
    real_top, prefix = os.fsdecode(top).split("\n")[:2]
    shown_top = directory.as_posix().removesuffix(f"/{prefix.strip('/')}") if prefix else directory.as_posix()
    wanted: dict[str, str] = {}
    for path, name in given.items():
        for start in (real_top, shown_top):
            if path.startswith(f"{start}/"):
                wanted[path[len(start) + 1 :]] = name
    folders = sorted({path.rpartition("/")[0] or "." for path in wanted})
    found = _read_log(_log(Path(real_top), commit, folders), wanted)
    if wanted:
        # What is left came in, or got its name, in a merge itself.
        found |= _read_log(_log(Path(real_top), commit, folders, "-m"), wanted)
    return found


def _log(top: Path, commit: str, folders: list[str], *merges: str) -> bytes:
    """Additions and renames, newest first. Whole folders, since a rename inside them must be seen."""
    options = ("--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color", "-M", "--diff-filter=AR")
    output = ("--name-status", "-z", f"--format={_FORMAT}")
    return (
        run_git(top, "log", *merges, *options, *output, "--end-of-options", commit, "--", *folders, timeout=_TIMEOUT)
        or b""
    )


def _read_log(answer: bytes, wanted: dict[str, str]) -> dict[str, FileCommit]:
    """`wanted`: by path from the top, the name to answer with. A rename moves the question to the old path."""
    found: dict[str, FileCommit] = {}
    now: FileCommit | None = None
    fields = iter(os.fsdecode(answer).replace("\x01", "\0\x01").split("\0"))
    for field in fields:
        text = field.strip("\n")
        if text.startswith("\x01"):
            commit, author, authored, committed = text[1:].split(_FIELDS)[:4]
            now = FileCommit(
                commit, author, datetime.fromisoformat(authored), datetime.fromisoformat(committed.strip())
            )
        elif text == "A" and now is not None:
            name = wanted.pop(next(fields), None)
            if name is not None:
                found.setdefault(name, now)
        elif text.startswith("R"):
            old, new = next(fields), next(fields)
            if new in wanted:
                wanted[old] = wanted.pop(new)
    return found
