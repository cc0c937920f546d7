"""What a backup is on disk, whatever database it was taken of."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import file_digest, sha256
from pathlib import Path

from dashboard.databases.contents import Contents

PARTIAL = ".partial"
"""Ends the name of a backup until it is whole."""


class BackupUnavailable(Exception):
    """A backup cannot even be begun; the message names what is missing, with versions, and how to mend it."""


class BackupFailed(Exception):
    """A backup was begun and is not there; its partial files are deleted. The message holds no secret."""


class BackupRejected(Exception):
    """A file is no backup, or no longer one. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Tooling:
    """What would take a backup."""

    version: str
    """`pg_dump 15.18`"""
    server: str
    """`PostgreSQL 15.18`"""
    folder: Path | None
    """Where the programs are; None where none are needed."""
    warning: str
    """What is not as it should be, though a backup can be taken; else empty."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """That a backup can be begun, and how large it may become."""

    tooling: Tooling
    tables: int
    data_bytes: int
    """Of the tables on the server's disk, less their indexes; an estimate. SQLite: of the file, exactly."""
    free_bytes: int
    """Where the backup would be written."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backup is."""

    doing: Doing
    bytes: int
    """Written so far."""
    tables: int
    """Begun, of the current activity."""


class Doing(StrEnum):
    """What taking a backup consists of, in this order."""

    COPYING = "copying"
    COUNTING = "counting"
    """Rows are counted and hashed in the backup's own snapshot."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A whole backup."""

    path: Path
    """A folder (PostgreSQL) or a file (SQLite)."""
    size: int
    """Bytes, of all files together."""
    sha256: str
    """See hash_backup."""
    taken_at: datetime
    """Not later than the moment of its snapshot; aware, UTC."""
    tool: str
    """`pg_dump 15.18`"""
    tables: int
    """In the snapshot."""
    contents: Contents | None = None
    """What a restored copy must hold; None: it could not be told, `contents_error` says why."""
    contents_error: str = ""


@dataclass(frozen=True, slots=True)
class ReadThrough:
    """That a backup could be read from end to end."""

    seconds: float
    entries: int
    """Of its table of contents."""


def hash_backup(path: Path) -> tuple[int, str]:
    """Size in bytes and sha256 in hex. Raises BackupRejected.

    Of a file: of its content. Of a folder: of the lines that `sha256sum` prints for its files, sorted by name, as in
    `cd FOLDER && LC_ALL=C sha256sum * | sha256sum`. Links are not followed: they are no part of a backup.
    """
    try:
        if path.is_symlink():
            raise BackupRejected(f"{path.name} is a link, not a backup.")
        if path.is_file():
            return path.stat().st_size, _hash_file(path)
        if path.is_dir():
            return _hash_folder(path)
    except OSError as error:
        raise BackupRejected(f"{path.name} cannot be read: {error.strerror}.") from None
    raise BackupRejected(f"{path.name} is gone.")


def delete_backup(path: Path) -> None:
    """Deletes a backup, whole or partial, with what lies beside it; one that is gone already is no error."""
    for leftover in (path, *(path.with_name(path.name + suffix) for suffix in ("-journal", "-wal", "-shm"))):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def make_folder(directory: Path) -> None:
    """The folder for backups, closed to other accounts where it is new. Raises BackupFailed."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupFailed(
            f"The folder for backups {directory} cannot be made: {error.strerror}. Set backup.directory to one that "
            "the worker's account may write in."
        ) from None


def free_space(directory: Path) -> int:
    """Bytes that may be written where a folder, which need not be there yet, lies. Raises BackupUnavailable."""
    existing = next(folder for folder in (directory, *directory.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise BackupUnavailable(
            f"{existing} cannot be written to. Let the worker's account write there, or set backup.directory."
        )
    return shutil.disk_usage(existing).free


def measure(path: Path) -> int:
    """Bytes written so far below a path that may not exist yet."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.exists())
    return path.stat().st_size if path.exists() else 0


def keep(partial: Path, path: Path) -> None:
    """Gives a whole backup its name, durably."""
    files = [partial, *partial.iterdir()] if partial.is_dir() else [partial]
    for file in files:
        file.chmod(0o700 if file.is_dir() else 0o600)
        _sync(file)
    partial.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _hash_folder(folder: Path) -> tuple[int, str]:
    size, total = 0, sha256()
    for file in sorted(folder.rglob("*"), key=lambda f: os.fsencode(f.relative_to(folder))):
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise BackupRejected(f"{folder.name} holds {file.name}, which is no file.")
        if file.is_file():
            size += file.stat().st_size
            name = os.fsencode(file.relative_to(folder))
            total.update(_hash_file(file).encode() + b"  " + name + b"\n")
    return size, total.hexdigest()
