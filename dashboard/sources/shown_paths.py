"""Paths as people see them."""

from __future__ import annotations

from pathlib import Path


class PathNames:
    """Names paths relative to the project's directory where they lie inside, with forward slashes; else as they are."""

    def __init__(self, directory: Path) -> None:
        self._inside = f"{directory.as_posix().rstrip('/')}/"

    def name(self, path: str) -> str:
        """What is shown for `path`, which is absolute."""
        return path.removeprefix(self._inside)
