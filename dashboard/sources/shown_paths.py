"""Paths as people see them."""

from __future__ import annotations

from pathlib import Path


def shown(path: str | Path, directory: Path) -> str:
    """Relative to the project's directory where it lies inside, with forward slashes; else as it is."""
    text = path if isinstance(path, str) else path.as_posix()
    inside = f"{directory.as_posix().rstrip('/')}/"
    return text[len(inside) :] if text.startswith(inside) else text
