"""Backs up a SQLite database through SQLite's own backup interface, and reads such a backup through.

Never by copying files: that misses what is still in the WAL, or tears a page, and no check tells it afterwards.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import (
    PARTIAL,
    BackupFailed,
    BackupFile,
    BackupRejected,
    BackupUnavailable,
    Doing,
    Progress,
    Readiness,
    ReadThrough,
    Tooling,
    delete_backup,
    free_space,
    hash_backup,
    keep,
    make_folder,
)
from dashboard.databases.contents import Contents
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.sqlite.connection import read_unchanged, require_file
from dashboard.databases.sqlite.row_hashes import read_contents

TOOL = f"SQLite {sqlite3.sqlite_version}"
PAGES_A_STEP = 5000
LONGEST_LOCK_WAIT = 5.0
"""Seconds that a backup waits for a writer."""
_SUFFIX = ".db"


def check_database(target: DatabaseTarget, *, directory: Path) -> Readiness:
    """See check_backup: that there is a file to copy, and the space that there is."""
    source = Path(target.name).resolve()
    _check_file(source)
    tooling = Tooling(version=TOOL, server=TOOL, folder=None, warning="")
    try:
        tables, size = read_unchanged(source, _measure, timeout=LONGEST_LOCK_WAIT)
    except DatabaseUnavailable as error:
        raise BackupUnavailable(error.detail) from None
    return Readiness(tooling, tables, size, free_space(directory))


def copy_database(
    target: DatabaseTarget,
    *,
    directory: Path,
    stem: str,
    tools: str,
    progress: Callable[[Progress], None],
    deadline: float,
    stop: Callable[[], bool],
) -> BackupFile:
    """See take_backup: one file `STEM.db`, in rollback-journal mode even where the database is in WAL mode."""
    source = Path(target.name).resolve()
    _check_file(source)
    make_folder(directory)
    path = directory / f"{stem}{_SUFFIX}"
    partial = path.with_name(path.name + PARTIAL)
    if path.exists() or partial.exists():
        raise BackupFailed(f"{path.name} is there already. Take the backup under another name.")
    watch = _Watch(progress, Deadline(deadline), stop)
    try:
        copied = read_unchanged(source, lambda connection: _copy(connection, partial, watch), timeout=deadline)
        size, digest = hash_backup(partial)
        keep(partial, path)
    except DatabaseUnavailable as error:
        delete_backup(partial)
        raise BackupFailed(f"The backup failed: {error.detail}") from None
    except OSError as error:
        delete_backup(partial)
        raise BackupFailed(f"The backup could not be written: {error.strerror}.") from None
    except BaseException:
        delete_backup(partial)
        raise
    return BackupFile(path, size, digest, copied.taken_at, TOOL, copied.tables, copied.contents)


def read_copy(path: Path, *, deadline: float) -> ReadThrough:
    """See read_through: SQLite's integrity check, which reads every page and compares indexes with tables."""
    started, limit = time.monotonic(), Deadline(deadline)
    try:
        if path.stat().st_size == 0:
            raise BackupRejected(f"{path.name} is no backup: it is empty.")
        # Immutable: a backup that is read must not get files beside it.
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    except OSError as error:
        raise BackupRejected(f"{path.name} cannot be read: {error.strerror}.") from None
    try:
        connection.set_progress_handler(limit.passed, 100_000)
        findings = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
        entries = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupRejected(f"{path.name} cannot be read through: {error}. Take another backup.") from None
    finally:
        connection.close()
    if findings != ["ok"]:
        raise BackupRejected(f"{path.name} is damaged: {'; '.join(findings)[:500]}. Take another backup.")
    return ReadThrough(seconds=time.monotonic() - started, entries=entries)


class _Watch:
    """SQLite's progress callback: tells how far it is, and ends it where it must end."""

    def __init__(self, progress: Callable[[Progress], None], deadline: Deadline, stop: Callable[[], bool]) -> None:
        self._progress = progress
        self._deadline = deadline
        self._stop = stop
        self._locked_since: float | None = None
        self.page_size = 4096
        self.written = 0

    def __call__(self, status: int, remaining: int, total: int) -> None:
        self._require_time()
        self._require_progress(status)
        self.written = (total - remaining) * self.page_size
        self._progress(Progress(Doing.COPYING, self.written, 0))

    def count(self, tables: int) -> None:
        """While rows are counted, with the number of tables done."""
        self._require_time()
        self._progress(Progress(Doing.COUNTING, self.written, tables))

    def _require_time(self) -> None:
        if self._stop():
            raise BackupFailed("The backup was ended: it was stopped. Nothing of it was kept.")
        if self._deadline.passed():
            raise BackupFailed("The backup was ended: it took longer than the time that it had.")

    def _require_progress(self, status: int) -> None:
        if status not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._locked_since = None
            return
        now = time.monotonic()
        self._locked_since = self._locked_since or now
        if now - self._locked_since > LONGEST_LOCK_WAIT:
            raise BackupFailed(
                f"The database was locked by a writer for {LONGEST_LOCK_WAIT:.0f} s. Take the backup when its "
                "transaction has ended."
            )


@dataclass(frozen=True, slots=True)
class _Copied:
    taken_at: datetime
    """Not later than the snapshot."""
    tables: int
    contents: Contents


def _copy(source: sqlite3.Connection, partial: Path, watch: _Watch) -> _Copied:
    """Copies to a new file, and reads what the database holds."""
    delete_backup(partial)  # of an attempt that a writer came across
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    taken_at = datetime.now(UTC)
    if source.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        # An open transaction keeps one snapshot. In the other modes it would keep writers out, so there SQLite
        # begins again when somebody wrote.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()
    watch.page_size = source.execute("PRAGMA page_size").fetchone()[0]
    copy = sqlite3.connect(f"file:{quote(str(partial))}?mode=rw", uri=True, isolation_level=None)
    version = _data_version(source)
    try:
        source.backup(copy, pages=PAGES_A_STEP, progress=watch, sleep=0.05)
        copy.execute("PRAGMA journal_mode=DELETE")
        tables, _size = _measure(copy)
        contents = _read_contents(source, copy, version, watch)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
            raise BackupFailed(
                f"The disk of {partial.parent} is full. Free space there, or set backup.directory to another disk."
            ) from None
        raise
    finally:
        copy.close()
    return _Copied(taken_at, tables, contents)


def _read_contents(source: sqlite3.Connection, copy: sqlite3.Connection, version: int, watch: _Watch) -> Contents:
    """Of the database itself where nobody wrote to it since `version`, before the copy; else of the copy.

    In WAL mode the open transaction keeps everything as it was copied. In the other modes a transaction would keep
    writers out: there each statement is by itself, and SQLite's own counter of changes tells whether they fit together.
    """
    try:
        contents = read_contents(source, tick=watch.count)
        if _data_version(source) == version:
            return contents
    except sqlite3.OperationalError:
        pass  # a writer has it now
    return read_contents(copy, tick=watch.count)


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _measure(connection: sqlite3.Connection) -> tuple[int, int]:
    """Number of tables, and bytes."""
    tables = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchone()[0]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    return tables, pages * connection.execute("PRAGMA page_size").fetchone()[0]


def _check_file(path: Path) -> None:
    try:
        require_file(path)
    except DatabaseUnavailable as error:
        raise BackupUnavailable(error.detail) from None
