"""An environment on PostgreSQL, through psycopg2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import (
    Contender,
    DatabaseUnavailable,
    Deadline,
    LockUnavailable,
    RunLock,
    Session,
)
from dashboard.databases.postgresql import row_counts, run_lock
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.contention import read_contention
from dashboard.databases.postgresql.measure import PostgreSQLLockWatch, watch_locks
from dashboard.databases.postgresql.observation import APPLICATION, fallback_system, observe_version_table
from dashboard.databases.postgresql.schema import digest_schema, list_invalid_indexes
from dashboard.databases.postgresql.stop_sessions import Signal, signal_sessions
from dashboard.databases.postgresql.version_table import VersionTablePlace, find_version_table
from dashboard.databases.row_count import Countable, RowCount
from dashboard.revisions.status import VersionReading

T = TypeVar("T")

READ_TIMEOUT = 30.0
"""Seconds for a reading during a run."""


@dataclass(frozen=True, slots=True)
class PostgreSQLDatabase:
    """A Database; see there for the contracts."""

    target: DatabaseTarget
    version_table: str = "alembic_version"
    version_table_schema: str = ""

    def observe(self, *, timeout: float) -> VersionReading:
        """See Database."""
        return observe_version_table(
            self.target,
            version_table=self.version_table,
            version_table_schema=self.version_table_schema,
            timeout=timeout,
        )

    def schema_digest(self, *, timeout: float) -> str:
        """See Database."""
        return self._read(timeout, lambda connection, limit: digest_schema(connection, limit))

    def invalid_indexes(self, *, timeout: float = 10.0) -> tuple[str, ...]:
        """See Database."""
        return self._read(timeout, lambda connection, limit: list_invalid_indexes(connection, limit))

    def count_rows(self, places: tuple[Countable, ...], *, timeout: float) -> dict[Countable, RowCount]:
        """See Database."""
        return row_counts.count_rows(places, self._read, Deadline(timeout))

    def sessions_of_runs(self, *, timeout: float = 10.0) -> tuple[Session, ...]:
        """See Database."""
        return self._read(
            timeout,
            lambda connection, limit: run_lock.sessions_of_key(connection, self._lock_key(connection, limit)),
        )

    def cancel_statements(self, *, timeout: float) -> int:
        """See Database."""
        return self._signal(Signal.CANCEL, timeout)

    def terminate_sessions(self, *, timeout: float) -> int:
        """See Database."""
        return self._signal(Signal.TERMINATE, timeout)

    def gather_statistics(self, *, timeout: float) -> None:
        """See Database."""
        with open_connection(self.target, application=APPLICATION, timeout=READ_TIMEOUT) as connection:
            connection.query("ANALYZE", timeout=timeout)

    @contextmanager
    def watch_locks(self) -> Iterator[PostgreSQLLockWatch]:
        """See Database."""
        with open_connection(self.target, application=APPLICATION, timeout=READ_TIMEOUT) as connection:
            place = self._place(connection, Deadline(READ_TIMEOUT))
        key = run_lock.lock_key(place.schema, place.table)
        with watch_locks(self.target, key=key, children=run_lock.CHILDREN, version_table=place.qualified) as watch:
            yield watch

    @contextmanager
    def hold_run_lock(self, *, wait: float) -> Iterator[RunLock]:
        """See Database."""
        opened = open_connection(self.target, application=run_lock.APPLICATION, timeout=run_lock.CONNECT_TIMEOUT)
        taking = True
        try:
            with opened as connection:
                place = self._place(connection, Deadline(run_lock.QUERY_TIMEOUT))
                key = run_lock.lock_key(place.schema, place.table)
                with (
                    run_lock.hold_locks(
                        self.target, connection, key=key, version_table=place.qualified, wait=wait
                    ) as held,
                    ExitStack() as side,
                ):
                    taking = False
                    yield PostgreSQLRunLock(self, held, place.qualified, side)
        except DatabaseUnavailable as error:
            if not taking:  # it comes from the body of the caller's with statement
                raise
            raise LockUnavailable(error.detail) from None

    def _lock_key(self, connection: Connection, limit: Deadline) -> int:
        place = self._place(connection, limit)
        return run_lock.lock_key(place.schema, place.table)

    def _place(self, connection: Connection, limit: Deadline) -> VersionTablePlace:
        return find_version_table(
            connection,
            table=self.version_table,
            schema=self.version_table_schema,
            fallback_system=fallback_system(self.target),
            timeout=limit.remaining(),
        )

    def _signal(self, signal: Signal, timeout: float) -> int:
        limit = Deadline(timeout)
        with open_connection(self.target, application=APPLICATION, timeout=timeout) as connection:
            key = self._lock_key(connection, limit)
            return signal_sessions(connection, signal, key=key, children=run_lock.CHILDREN, timeout=limit.remaining())

    def _read(self, timeout: float, read: Callable[[Connection, Deadline], T]) -> T:
        limit = Deadline(timeout)
        with (
            open_connection(self.target, application=APPLICATION, timeout=timeout) as connection,
            connection.reading(timeout=limit.remaining(), repeatable=True),
        ):
            return read(connection, limit)


class PostgreSQLRunLock:
    """A RunLock; see there for the contracts."""

    def __init__(
        self, database: PostgreSQLDatabase, held: run_lock.HeldLock, version_table: str, side: ExitStack
    ) -> None:
        self._database = database
        self._held = held
        self._version_table = version_table
        self._side = side
        self._watching: Connection | None = None

    @property
    def challenge(self) -> dict[str, object]:
        """`{"kind": "postgresql", "lock_key": [K, 2], "challenge_key": int}`"""
        return self._held.challenge

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """None: the child's own sessions keep the lock."""
        return ()

    def read(self) -> VersionReading:
        """See RunLock."""
        return self._database.observe(timeout=READ_TIMEOUT)

    def schema_digest(self) -> str:
        """See Database. Raises DatabaseUnavailable."""
        return self._database.schema_digest(timeout=READ_TIMEOUT)

    def sessions(self) -> tuple[Session, ...]:
        """See RunLock."""
        return self._database.sessions_of_runs()

    def is_held(self) -> bool:
        """See RunLock."""
        return self._held.is_held()

    def contention(self, *, timeout: float) -> tuple[Contender, ...]:
        """See RunLock. Keeps a connection for it, and opens another one after an error."""
        limit = Deadline(timeout)
        try:
            if self._watching is None:
                self._watching = self._side.enter_context(
                    open_connection(self._database.target, application=APPLICATION, timeout=timeout)
                )
            return read_contention(
                self._watching,
                key=self._held.key,
                children=run_lock.CHILDREN,
                version_table=self._version_table,
                timeout=limit.remaining(),
            )
        except DatabaseUnavailable:
            self._side.close()
            self._watching = None
            raise
