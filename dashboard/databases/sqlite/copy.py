"""Backs up a SQLite database through SQLite's own backup interface, and reads such a backup through.

Never by copying files: that misses what is still in the WAL, or tears a page, and no check tells it afterwards.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
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
    ReadThrough,
    Tooling,
    delete_backup,
    hash_backup,
    keep,
    make_folder,
)
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.sqlite.connection import read_unchanged, require_file

TOOL = f"SQLite {sqlite3.sqlite_version}"
PAGES_A_STEP = 5000
LONGEST_LOCK_WAIT = 5.0
"""Seconds that a backup waits for a writer."""
_SUFFIX = ".db"


def check_file(path: Path) -> Tooling:
    """That there is a file to copy. Raises BackupUnavailable."""
    try:
        require_file(path)
    except DatabaseUnavailable as error:
        raise BackupUnavailable(error.detail) from None
    return Tooling(version=TOOL, server=TOOL, folder=None, warning="")


def copy_database(
    target: DatabaseTarget,
    *,
    directory: Path,
    stem: str,
    tools: str,
    progress: Callable[[int], None],
    deadline: float,
    stop: Callable[[], bool],
) -> BackupFile:
    """See take_backup: one file `STEM.db`, in rollback-journal mode even where the database is in WAL mode."""
    source = Path(target.name).resolve()
    check_file(source)
    make_folder(directory)
    path = directory / f"{stem}{_SUFFIX}"
    partial = path.with_name(path.name + PARTIAL)
    if path.exists() or partial.exists():
        raise BackupFailed(f"{path.name} is there already. Take the backup under another name.")
    watch = _Watch(progress, Deadline(deadline), stop)
    try:
        taken_at, tables = read_unchanged(
            source, lambda connection: _copy(connection, partial, watch), timeout=deadline
        )
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
    return BackupFile(path, size, digest, taken_at, TOOL, tables)


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

    def __init__(self, progress: Callable[[int], None], deadline: Deadline, stop: Callable[[], bool]) -> None:
        self._progress = progress
        self._deadline = deadline
        self._stop = stop
        self._locked_since: float | None = None
        self.page_size = 4096

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if self._stop():
            raise BackupFailed("The backup was ended: it was stopped. Nothing of it was kept.")
        if self._deadline.passed():
            raise BackupFailed("The backup was ended: it took longer than the time that it had.")
        self._require_progress(status)
        self._progress((total - remaining) * self.page_size)

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


def _copy(source: sqlite3.Connection, partial: Path, watch: _Watch) -> tuple[datetime, int]:
    """Copies to a new file; its moment, no later than the snapshot, and its number of tables."""
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
    try:
        source.backup(copy, pages=PAGES_A_STEP, progress=watch, sleep=0.05)
        copy.execute("PRAGMA journal_mode=DELETE")
        tables = copy.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchone()[0]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
            raise BackupFailed(
                f"The disk of {partial.parent} is full. Free space there, or set backup.directory to another disk."
            ) from None
        raise
    finally:
        copy.close()
    return taken_at, tables
