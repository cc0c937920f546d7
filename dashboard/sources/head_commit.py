"""The commit that is checked out, asked of git only where its folder says that it may have moved.

A page asks for every project; a process each time would take longer than all the rest of it.
"""

from __future__ import annotations

from pathlib import Path

from dashboard.sources import git

_KEPT = 256
_answers: dict[Path, tuple[tuple[str, ...], str]] = {}


def head_commit(directory: Path) -> str:
    """As git.head_commit. Whatever is not plainly laid out is asked of git each time."""
    looks = _look(directory)
    if looks is None:
        return git.head_commit(directory)
    known = _answers.get(directory)
    if known and known[0] == looks:
        return known[1]
    commit = git.head_commit(directory)
    # No answer may mean that git had no time: it is not remembered, but for a folder outside of any repository.
    if commit or not looks:
        if len(_answers) >= _KEPT:
            _answers.clear()
        _answers[directory] = looks, commit
    return commit


def _look(directory: Path) -> tuple[str, ...] | None:
    """What changes whenever HEAD moves: its words, and those of the branch; empty outside of git; None: cannot tell."""
    found = next((folder / ".git" for folder in (directory, *directory.parents) if (folder / ".git").exists()), None)
    if found is None:
        return None if (directory / "HEAD").exists() else ()
    try:
        home = _follow(found)
        common = home / "commondir"
        shared = home / common.read_text().strip() if common.exists() else home
        head = (home / "HEAD").read_text().strip()
        if (shared / "reftable").exists():
            return None
        if not head.startswith("ref: "):
            return str(home), head
        packed = shared / "packed-refs"
        status = packed.stat() if packed.exists() else None
        told = f"{status.st_mtime_ns} {status.st_size} {status.st_ino}" if status else ""
        loose = shared / head.removeprefix("ref: ")
        branch = loose.read_text().strip() if loose.exists() else ""
    except (OSError, UnicodeDecodeError):
        return None
    return None if branch.startswith("ref: ") else (str(home), head, branch, told)


def _follow(found: Path) -> Path:
    """A worktree's or a submodule's `.git` is a file that names the folder."""
    if found.is_dir():
        return found
    return found.parent / found.read_text().strip().removeprefix("gitdir: ")
