"""How a checkout stands to its repository: uncommitted files, the branch, and how far it is from its upstream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.git import run_git

OURS = re.compile(r"\.dashboard-lock$|\.(?:restore|replaced)_\d+(?:\.mark)?(?:-wal|-shm|-journal)?$")
"""What the dashboard itself leaves beside a SQLite database: nobody's change."""


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """Of the work tree around a folder. All empty outside of a repository."""

    branch: str = ""
    """Empty where HEAD is detached."""
    commit: str = ""
    uncommitted: tuple[str, ...] = ()
    """Changed, added and untracked files below the folder, relative to it, sorted; without those of the dashboard."""
    upstream: str = ""
    """`origin/main`; empty where the branch has none."""
    ahead: int = 0
    behind: int = 0


def read_checkout_state(folder: Path) -> CheckoutState:
    """Two questions to git; changes nothing, not even the index."""
    answer = run_git(
        folder, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames", "--", "."
    )
    if answer is None:
        return CheckoutState()
    prefix = (run_git(folder, "rev-parse", "--show-prefix") or b"").decode("utf-8", "replace").strip("\n")
    headers: dict[str, str] = {}
    files: list[str] = []
    for entry in answer.decode("utf-8", "surrogateescape").split("\0"):
        if entry.startswith("# branch."):
            name, _, value = entry.removeprefix("# branch.").partition(" ")
            headers[name] = value
        elif entry and not (entry.startswith("? ") and OURS.search(entry)):
            files.append(_path_of(entry).removeprefix(prefix))
    ahead, behind = _distance(headers.get("ab", ""))
    commit, branch = headers.get("oid", ""), headers.get("head", "")
    return CheckoutState(
        branch="" if branch == "(detached)" else branch,
        commit="" if commit == "(initial)" else commit,
        uncommitted=tuple(sorted(files)),
        upstream=headers.get("upstream", ""),
        ahead=ahead,
        behind=behind,
    )


def fetch(folder: Path) -> bool:
    """`git fetch` of all remotes, which changes only remote-tracking refs. Whether it worked; never asks for a password."""
    return run_git(folder, "fetch", "--all", "--prune", "--quiet", "--no-auto-maintenance") is not None


def _path_of(entry: str) -> str:
    """Of a porcelain v2 entry: `1 XY sub mH mI mW hH hI path`, `u ...` with ten fields before it, or `? path`."""
    fields = {"1": 8, "u": 10}.get(entry[0], 1)
    return entry.split(" ", fields)[fields]


def _distance(text: str) -> tuple[int, int]:
    """`+1 -2` as (ahead, behind)."""
    ahead, _, behind = text.partition(" ")
    return (int(ahead), -int(behind)) if ahead and behind else (0, 0)
