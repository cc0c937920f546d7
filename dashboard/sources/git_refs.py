"""Branches, tags and commits by name: resolved once to a commit, and hostile names refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dashboard.sources.git import run_git

_REF = re.compile(
    r"(?![-./@])(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]{1,250}(?<![./])(?:[~^]\d{0,4})*"
)
"""What git allows in a name, a trailing ~2 or ^ besides; nothing that git could take for an option or a range."""
_FORMAT = "%(objectname) %(*objectname) %(committerdate:unix) %(*committerdate:unix) %(refname)"


class RefRefused(ValueError):
    """A name that is no ref of the repository, or that is not asked for at all. The message is fit to show."""


class RefKind(StrEnum):
    """Where a ref lives."""

    BRANCH = "branch"
    REMOTE = "remote"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class GitRef:
    """One branch or tag."""

    name: str
    """As people write it: `main`, `origin/feature-x`, `v1.2`."""
    kind: RefKind
    commit: str
    committed_at: datetime


_FOLDERS = {"refs/heads/": RefKind.BRANCH, "refs/remotes/": RefKind.REMOTE, "refs/tags/": RefKind.TAG}


def resolve_ref(directory: Path, name: str) -> str:
    """The whole id of the commit that `name` means in the directory's repository. Raises RefRefused."""
    if not _REF.fullmatch(name):
        raise RefRefused(f"{name[:80]!r} is no name of a branch, tag or commit.")
    answer = run_git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not answer:
        raise RefRefused(f"The repository has no branch, tag or commit {name!r}. Fetch it, or correct the name.")
    return answer.decode("ascii").strip()


def list_refs(directory: Path) -> tuple[GitRef, ...]:
    """Every branch and tag, newest commit first; empty outside of a repository."""
    answer = run_git(directory, "for-each-ref", "--sort=-committerdate", f"--format={_FORMAT}", *_FOLDERS)
    return tuple(ref for line in (answer or b"").splitlines() if (ref := _read_line(line.decode("utf-8", "replace"))))


def _read_line(line: str) -> GitRef | None:
    commit, peeled, moment, peeled_moment, ref = line.split(" ", 4)
    folder = next(folder for folder in _FOLDERS if ref.startswith(folder))
    name = ref.removeprefix(folder)
    seconds = peeled_moment or moment
    if not seconds or (folder == "refs/remotes/" and name.endswith("/HEAD")):
        return None
    return GitRef(name, _FOLDERS[folder], peeled or commit, datetime.fromtimestamp(int(seconds), UTC))


def default_branch(directory: Path) -> str:
    """What branches are merged into: the remote's own choice, else main or master, else what is checked out.

    Empty outside of a repository, and before its first commit.
    """
    answer = run_git(directory, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    names = [answer.decode("utf-8", "replace").strip()] if answer else []
    names += ["main", "master"]
    here = run_git(directory, "symbolic-ref", "--quiet", "--short", "HEAD")
    names += [here.decode("utf-8", "replace").strip()] if here else []
    for name in names:
        if run_git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"):
            return name
    return "HEAD" if run_git(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") else ""
