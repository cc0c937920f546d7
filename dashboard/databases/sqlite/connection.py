"""Opens a SQLite file for reading without writing a byte beside it.

A plain read-only connection to a file in WAL mode creates `-wal` and `-shm` files, and leaves them. So:

| beside the file            | means                                 | opened                                    |
| -------------------------- | ------------------------------------- | ----------------------------------------- |
| no WAL, or an empty one    | nobody has it open, all is in the file | immutable; looked at again afterwards      |
| a WAL and its `-shm`       | in use, or left by a crash             | read-only, with what is there              |
| a WAL without `-shm`       | copied, or left by a crash             | a private copy of both files               |
| a hot rollback journal     | a crash; only a writer may roll back   | not at all                                 |
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from dashboard.databases.database import DatabaseUnavailable
from dashboard.revisions.status import Reason

T = TypeVar("T")

LONGEST_WAIT = 0.25
"""Seconds that a reader lets a writer finish its commit."""
LARGEST_COPY = 1_000_000_000
"""Bytes of a file with an unrecovered WAL that is copied to be read."""


def require_file(path: Path) -> os.stat_result:
    """The file's status. Raises DatabaseUnavailable where there is no regular file that can be read."""
    try:
        status = path.stat()
    except PermissionError:
        raise DatabaseUnavailable(
            Reason.PERMISSION, f"{path} cannot be looked at: grant the dashboard's account access to its folders."
        ) from None
    except (OSError, ValueError):
        raise DatabaseUnavailable(
            Reason.NO_DATABASE, f"{path} does not exist. Check the path, or create the database."
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise DatabaseUnavailable(Reason.NO_DATABASE, f"{path} is not a file. Give the path of the database file.")
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise DatabaseUnavailable(
            Reason.PERMISSION, f"{path} may not be read: grant the dashboard's account read access."
        )
    return status


def read_unchanged(path: Path, read: Callable[[sqlite3.Connection], T], *, timeout: float) -> T:
    """What `read` returns for one consistent state of the file. Raises DatabaseUnavailable; creates nothing."""
    for _ in range(5):
        before = _situation(path)
        with open_for_reading(path, timeout=timeout) as connection:
            result = _explained(path, read, connection)
        # Only an immutable connection takes no locks, and only for it could a writer have come between.
        if not before.immutable or _situation(path) == before:
            return result
    raise DatabaseUnavailable(Reason.LOCKED, f"{path} changes faster than it can be read. Refresh later.")


@contextmanager
def open_for_reading(path: Path, *, timeout: float, immutable: bool = True) -> Iterator[sqlite3.Connection]:
    """A read-only connection. With `immutable` false, an unused WAL file may get its `-wal` and `-shm` again.

    Raises DatabaseUnavailable.
    """
    require_file(path)
    situation = _situation(path)
    if situation.unrecovered:
        with _private_copy(path) as copy, _connect(copy, "mode=ro", timeout) as connection:
            yield connection
        return
    how = "mode=ro&immutable=1" if situation.immutable and immutable else "mode=ro"
    with _connect(path, how, timeout) as connection:
        yield connection


def explain_sqlite_failure(path: Path, error: sqlite3.Error) -> DatabaseUnavailable:
    """What an error of the sqlite3 module means."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseUnavailable(
            Reason.LOCKED, f"{path} is locked by a writer. Wait until its transaction has ended, then refresh."
        )
    if name.startswith("SQLITE_READONLY"):
        return DatabaseUnavailable(
            Reason.LOCKED,
            f"{path} waits for the roll-back of a transaction that was interrupted. Open it once with a program "
            "that may write to it, then refresh.",
        )
    if name.startswith("SQLITE_NOTADB"):
        return DatabaseUnavailable(Reason.NOT_A_VERSION_TABLE, f"{path} is not a SQLite database. Check the path.")
    if name.startswith("SQLITE_CORRUPT"):
        return DatabaseUnavailable(Reason.NOT_A_VERSION_TABLE, f"{path} is damaged: {error}. Restore it from a backup.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return DatabaseUnavailable(
            Reason.PERMISSION, f"{path} cannot be opened. Grant the dashboard's account access to it and its folder."
        )
    return DatabaseUnavailable(Reason.REFUSED, f"{path} cannot be read: {error}.")


@dataclass(frozen=True, slots=True)
class _Situation:
    """How a file lies in its folder at one moment: sizes in bytes, None for a file that is not there."""

    stamp: tuple[int, int, int] | None
    wal_mode: bool
    wal: int | None
    shm: int | None
    journal: int | None

    @property
    def immutable(self) -> bool:
        """Nobody has the file open in WAL mode, and all that was committed is in it."""
        unused = self.wal is None or (self.wal == 0 and self.shm is None)
        return self.wal_mode and unused and not self.journal

    @property
    def unrecovered(self) -> bool:
        """Committed transactions lie in a WAL that nobody has open."""
        return bool(self.wal) and self.shm is None


def _situation(path: Path) -> _Situation:
    return _Situation(
        stamp=_stamp(path),
        wal_mode=_is_wal(path),
        wal=_size(path, "-wal"),
        shm=_size(path, "-shm"),
        journal=_size(path, "-journal"),
    )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _size(path: Path, suffix: str) -> int | None:
    try:
        return path.with_name(path.name + suffix).stat().st_size
    except OSError:
        return None


def _is_wal(path: Path) -> bool:
    """Bytes 18 and 19 of the header: the versions for writing and reading, 2 for WAL."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


@contextmanager
def _connect(path: Path, how: str, timeout: float) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?{how}",
            uri=True,
            timeout=min(timeout, LONGEST_WAIT),
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise explain_sqlite_failure(path, error) from None
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _private_copy(path: Path) -> Iterator[Path]:
    size = (_size(path, "") or 0) + (_size(path, "-wal") or 0)
    if size > LARGEST_COPY:
        raise DatabaseUnavailable(
            Reason.LOCKED, f"{path} has a write-ahead log that nobody has recovered. Open it once with a writer."
        )
    with tempfile.TemporaryDirectory(prefix="alembic-dashboard-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            shutil.copyfile(path, copy)
            shutil.copyfile(path.with_name(path.name + "-wal"), copy.with_name("copy.db-wal"))
        except OSError as error:
            raise DatabaseUnavailable(Reason.REFUSED, f"{path} cannot be copied to be read: {error}.") from None
        yield copy


def _explained(path: Path, read: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    try:
        return read(connection)
    except sqlite3.Error as error:
        raise explain_sqlite_failure(path, error) from None
