"""The sha256 of every file that may matter to a run, so that a changed one is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dashboard.sources.files import LARGEST_FILE, Files, Kind
from dashboard.sources.shown_paths import PathNames

_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})
SKIPPED_ENDINGS = (".pyc", ".pyo", ".db", ".sqlite", ".sqlite3", ".log", ".swp", "~", "-wal", "-shm", "-journal")
"""What changes by itself, and no revision is made of: databases, logs, what Python compiled."""


def hash_files(
    folders: Iterable[Path], single: Iterable[Path], files: Files, names: PathNames, known: dict[str, str]
) -> dict[str, str]:
    """By shown path, sorted: the hash of each file below `folders` and of the `single` ones.

    `known` holds hashes that need no second reading. Links to folders are not followed; hidden folders and
    virtual environments are no part of it. A file that cannot be read has an empty hash, which no plan confirms.
    """
    wanted = [path for folder in folders for path in _below(folder.as_posix(), files)]
    wanted += [path.as_posix() for path in single]
    hashes = dict(known)
    unread = [path for path in dict.fromkeys(wanted) if names.name(path) not in known]
    for path, content in files.contents(unread):
        hashes[names.name(path)] = _hash(path, content, files)
    return dict(sorted(hashes.items()))


def _hash(path: str, content: bytes | OSError, files: Files) -> str:
    if isinstance(content, bytes) and len(content) <= LARGEST_FILE:
        return hashlib.sha256(content).hexdigest()
    try:
        return files.digest(path)
    except OSError:
        return ""


def _below(folder: str, files: Files) -> Iterator[str]:
    for entry in files.entries(folder):
        if entry.kind is Kind.FOLDER:
            if not is_skipped_folder(entry.name) and not files.is_file(f"{entry.path}/pyvenv.cfg"):
                yield from _below(entry.path, files)
        elif not entry.name.endswith(SKIPPED_ENDINGS) and (entry.kind is Kind.FILE or files.is_file(entry.path)):
            yield entry.path


def is_skipped_folder(name: str) -> bool:
    """Whether nothing below a folder of that name is part of a run."""
    return name in _SKIPPED_FOLDERS or name.startswith(".")
