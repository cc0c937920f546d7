"""What git says of a folder, read without touching the work tree and without running what a repository configures."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TIMEOUT = 20.0
"""Seconds for one question."""

_QUIET = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    # A repository's own configuration may name programs to run; none of these is ours to start.
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "log.showSignature=false",
    "-c",
    "core.quotePath=false",
)


def head_commit(directory: Path) -> str:
    """The commit that is checked out in the folder's repository; empty outside of one, or before its first."""
    answer = run_git(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return answer.decode("ascii", "replace").strip() if answer is not None else ""


def run_git(directory: Path, *arguments: str, standard_input: bytes = b"", timeout: float = _TIMEOUT) -> bytes | None:
    """Standard output of one git command; None where it fails, or where there is no git."""
    try:
        finished = subprocess.run(
            git_command(directory, *arguments),
            input=standard_input,
            capture_output=True,
            env=git_environment(),
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return finished.stdout if finished.returncode == 0 else None


def git_command(directory: Path, *arguments: str) -> list[str]:
    """What to start: nothing that the repository configures runs with it."""
    return ["git", *_QUIET, "-C", str(directory), *arguments]


def git_environment() -> dict[str, str]:
    """Ours without GIT_*, which would lead git to another repository."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return inherited | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
