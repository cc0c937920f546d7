"""Real git repositories for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(directory: Path, *arguments: str, date: str = "2024-05-06T07:08:09+00:00", author: str = "Ada") -> str:
    """One git command under a fixed identity, without the machine's own configuration."""
    identity = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": author,
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": author,
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
    finished = subprocess.run(
        ["git", "-C", str(directory), *arguments],
        env=os.environ | identity,
        check=True,
        capture_output=True,
        text=True,
    )
    return finished.stdout.strip()


def start_repository(directory: Path) -> None:
    """An empty repository on branch main."""
    git(directory, "init", "--quiet", "--initial-branch=main")


def commit_all(
    directory: Path, message: str = "change", *, date: str = "2024-05-06T07:08:09+00:00", author: str = "Ada"
) -> str:
    """Commit everything; the commit's id."""
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", message, date=date, author=author)
    return git(directory, "rev-parse", "HEAD")
