"""The sha256 of every file that may matter to a run, so that a changed one is noticed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from dashboard.sources.shown_paths import PathNames

_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})
_SKIPPED_ENDINGS = (".pyc", ".pyo", ".db", ".sqlite", ".sqlite3", ".log", ".swp", "~", "-wal", "-shm", "-journal")
"""What changes by itself, and no revision is made of: databases, logs, what Python compiled."""


def hash_folder(folder: Path, names: PathNames, files: dict[str, str]) -> None:
    """Add the files below `folder` to `files`, by shown path; those that are there already are not read again.

    Links to folders are not followed. Hidden folders and virtual environments are no part of it.
    """
    for root, folders, listed in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _skipped(root, name))
        for name in listed:
            if not name.endswith(_SKIPPED_ENDINGS):
                hash_file(f"{root}/{name}", names, files)


def hash_file(path: str, names: PathNames, files: dict[str, str]) -> None:
    """Add one regular file; one that cannot be read is added with an empty hash, which no plan confirms."""
    label = names.name(path)
    if label in files:
        return
    try:
        regular = Path(path)
        if regular.is_file():
            with regular.open("rb") as stream:
                files[label] = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        files[label] = ""


def _skipped(root: str, name: str) -> bool:
    return name in _SKIPPED_FOLDERS or name.startswith(".") or Path(root, name, "pyvenv.cfg").exists()
