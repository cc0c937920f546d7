"""An environment in a SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import Contender, DatabaseUnavailable, LockUnavailable, RunLock, Session
from dashboard.databases.measurement import NoLockWatch
from dashboard.databases.row_count import Countable, RowCount
from dashboard.databases.sqlite import row_counts, run_lock
from dashboard.databases.sqlite.connection import read_unchanged, require_file
from dashboard.databases.sqlite.observation import observe_version_table
from dashboard.databases.sqlite.schema import digest_schema
from dashboard.revisions.status import VersionReading

READ_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class SQLiteDatabase:
    """A Database; see there for the contracts. Its file may be reached through symbolic links."""

    target: DatabaseTarget
    version_table: str = "alembic_version"
    version_table_schema: str = ""

    @property
    def path(self) -> Path:
        """The file itself: its WAL and its lock lie beside it, not beside a link to it."""
        return Path(self.target.name).resolve()

    def observe(self, *, timeout: float) -> VersionReading:
        """See Database."""
        return observe_version_table(
            self.path,
            version_table=self.version_table,
            version_table_schema=self.version_table_schema,
            timeout=timeout,
        )

    def schema_digest(self, *, timeout: float) -> str:
        """See Database."""
        return read_unchanged(self.path, digest_schema, timeout=timeout)

    def invalid_indexes(self, *, timeout: float = READ_TIMEOUT) -> tuple[str, ...]:
        """None: SQLite builds an index in a transaction."""
        return ()

    def count_rows(self, places: tuple[Countable, ...], *, timeout: float) -> dict[Countable, RowCount]:
        """See Database."""
        return read_unchanged(self.path, lambda c: row_counts.count_rows(c, places, timeout), timeout=timeout)

    def sessions_of_runs(self, *, timeout: float = READ_TIMEOUT) -> tuple[Session, ...]:
        """See Database."""
        return run_lock.sessions_holding(self.path)

    def cancel_statements(self, *, timeout: float) -> int:
        """None: a statement of SQLite ends with its process."""
        return 0

    def terminate_sessions(self, *, timeout: float) -> int:
        """See Database: kills the processes of this machine that hold a run's lock."""
        return run_lock.kill_holders(self.path)

    def gather_statistics(self, *, timeout: float) -> None:
        """Nothing: a copy has its original's."""

    @contextmanager
    def watch_locks(self) -> Iterator[NoLockWatch]:
        """See Database: SQLite does not tell who holds its locks."""
        yield NoLockWatch()

    @contextmanager
    def hold_run_lock(self, *, wait: float) -> Iterator[RunLock]:
        """See Database."""
        try:
            require_file(self.path)
        except DatabaseUnavailable as error:
            raise LockUnavailable(error.detail) from None
        with run_lock.hold_lock(self.path, wait=wait) as held:
            run_lock.wait_for_writers(self.path, wait=wait)
            yield SQLiteRunLock(self, held)


class SQLiteRunLock:
    """A RunLock; see there for the contracts."""

    def __init__(self, database: SQLiteDatabase, held: run_lock.HeldLock) -> None:
        self._database = database
        self._held = held
        status = database.path.stat()
        self._challenge: dict[str, object] = {
            "kind": "sqlite",
            "device": status.st_dev,
            "inode": status.st_ino,
            "path": str(database.path),
        }

    @property
    def challenge(self) -> dict[str, object]:
        """`{"kind": "sqlite", "device": int, "inode": int, "path": str}`"""
        return self._challenge

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """The locked descriptor."""
        return (self._held.descriptor,)

    def read(self) -> VersionReading:
        """See RunLock."""
        return self._database.observe(timeout=READ_TIMEOUT)

    def schema_digest(self) -> str:
        """See Database. Raises DatabaseUnavailable."""
        return self._database.schema_digest(timeout=READ_TIMEOUT)

    def sessions(self) -> tuple[Session, ...]:
        """See RunLock."""
        return self._held.sessions()

    def is_held(self) -> bool:
        """See RunLock."""
        return self._held.is_held()

    def contention(self, *, timeout: float) -> tuple[Contender, ...]:
        """None: SQLite does not tell who holds its locks."""
        return ()
