"""An environment on PostgreSQL, through psycopg2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable, Deadline, LockUnavailable, RunLock, Session
from dashboard.databases.postgresql import run_lock
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.observation import APPLICATION, fallback_system, observe_version_table
from dashboard.databases.postgresql.schema import digest_schema, list_invalid_indexes
from dashboard.databases.postgresql.version_table import find_version_table
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

    def sessions_of_runs(self, *, timeout: float = 10.0) -> tuple[Session, ...]:
        """See Database."""
        return self._read(
            timeout,
            lambda connection, limit: run_lock.sessions_of_key(connection, self._lock_key(connection, limit)),
        )

    @contextmanager
    def hold_run_lock(self, *, wait: float) -> Iterator[RunLock]:
        """See Database."""
        opened = open_connection(self.target, application=run_lock.APPLICATION, timeout=run_lock.CONNECT_TIMEOUT)
        taking = True
        try:
            with opened as connection:
                key = self._lock_key(connection, Deadline(run_lock.QUERY_TIMEOUT))
                with run_lock.hold_locks(self.target, connection, key=key, wait=wait) as held:
                    taking = False
                    yield PostgreSQLRunLock(self, held)
        except DatabaseUnavailable as error:
            if not taking:  # it comes from the body of the caller's with statement
                raise
            raise LockUnavailable(error.detail) from None

    def _lock_key(self, connection: Connection, limit: Deadline) -> int:
        place = find_version_table(
            connection,
            table=self.version_table,
            schema=self.version_table_schema,
            fallback_system=fallback_system(self.target),
            timeout=limit.remaining(),
        )
        return run_lock.lock_key(place.schema, place.table)

    def _read(self, timeout: float, read: Callable[[Connection, Deadline], T]) -> T:
        limit = Deadline(timeout)
        with (
            open_connection(self.target, application=APPLICATION, timeout=timeout) as connection,
            connection.reading(timeout=limit.remaining(), repeatable=True),
        ):
            return read(connection, limit)


class PostgreSQLRunLock:
    """A RunLock; see there for the contracts."""

    def __init__(self, database: PostgreSQLDatabase, held: run_lock.HeldLock) -> None:
        self._database = database
        self._held = held

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
