"""The code of a commit on disk, beside the repository's own work tree: detached, made once, removed when long unused."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from dashboard.sources.git import run_git

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
KEPT_SECONDS = 7 * 24 * 3600.0
"""A worktree that nobody asked for in this time is removed."""


class WorktreeError(Exception):
    """The code of a commit could not be laid out; the message says why and what to do."""


def check_out(directory: Path, commit: str, *, cache: Path, verify: bool = True) -> Path:
    """The folder that corresponds to `directory`, in a detached worktree of its repository at `commit`.

    `cache` holds the worktrees. An existing one is used again after git has said that nothing in it was changed,
    else it is made anew; without `verify` it is taken as it is, for looking only. Raises WorktreeError.
    """
    if not _COMMIT.fullmatch(commit):
        raise WorktreeError(f"{commit[:80]!r} is no whole commit id.")
    top = _ask(directory, "rev-parse", "--show-toplevel")
    prefix = _ask(directory, "rev-parse", "--show-prefix", may_be_empty=True)
    place = cache / sha256(top.encode()).hexdigest()[:12] / commit
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(place):
        if not (place.is_dir() if not verify else _is_whole(place, commit)):
            _remove(Path(top), place)
            _add(Path(top), place, commit)
        os.utime(place)
    found = place / prefix
    if not found.is_dir():
        raise WorktreeError(f"Commit {commit[:12]} has no folder {prefix or '.'}.")
    return found


def remove_unused(cache: Path, *, now: float | None = None) -> int:
    """Removes the worktrees that were not asked for in KEPT_SECONDS. Returns how many."""
    until = (time.time() if now is None else now) - KEPT_SECONDS
    removed = 0
    for place in sorted(cache.glob("*/*")) if cache.is_dir() else ():
        if not _COMMIT.fullmatch(place.name):
            continue
        with _alone(place):
            if place.is_dir() and place.stat().st_mtime < until:
                _remove(_repository_of(place), place)
                removed += 1
    return removed


def _is_whole(place: Path, commit: str) -> bool:
    """Still at its commit, with no file changed; ignored files such as __pycache__ do not count."""
    if not place.is_dir() or _text(run_git(place, "rev-parse", "HEAD")) != commit:
        return False
    return run_git(place, "status", "--porcelain", "--untracked-files=all") == b""


def _add(top: Path, place: Path, commit: str) -> None:
    if run_git(top, "worktree", "add", "--quiet", "--force", "--detach", str(place), commit) is None:
        shutil.rmtree(place, ignore_errors=True)
        raise WorktreeError(
            f"git could not lay out commit {commit[:12]} of {top}. Let the dashboard's account write in its .git folder, "
            "and look whether there is room on the disk."
        )


def _remove(top: Path | None, place: Path) -> None:
    if place.is_dir() and (top is None or run_git(top, "worktree", "remove", "--force", "--force", str(place)) is None):
        shutil.rmtree(place, ignore_errors=True)
    if top is not None:
        run_git(top, "worktree", "prune")


def _repository_of(place: Path) -> Path | None:
    common = _text(run_git(place, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    return Path(common).parent if common else None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time works on a worktree."""
    with place.with_name(f".{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ask(directory: Path, *arguments: str, may_be_empty: bool = False) -> str:
    answer = _text(run_git(directory, *arguments))
    if answer or may_be_empty:
        return answer
    raise WorktreeError(f"{directory} lies in no git repository; a `ref` needs one.")


def _text(answer: bytes | None) -> str:
    return os.fsdecode(answer or b"").rstrip("\n")
