"""What the dashboard can do with one environment's database: the same for every dialect."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dashboard.database_target import DatabaseTarget
from dashboard.databases.measurement import LockWatch
from dashboard.databases.row_count import Countable, RowCount
from dashboard.revisions.status import Reason, VersionReading


class DatabaseUnavailable(Exception):
    """A database did not give an answer. `detail` says why and what to do next; it holds no secret."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class LockHeld(Exception):
    """Another run, or a session of an earlier one, is alive. `detail` names it and says what to do next."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class LockUnavailable(Exception):
    """No lock can be had here that would protect a run. `detail` says why and what to change."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a run: a PostgreSQL backend, or a process that holds a SQLite run lock."""

    pid: int
    """Of the backend on the server, or of the process on this machine."""
    user: str
    application: str
    query: str
    """The latest statement, empty where it may not be seen."""
    since: datetime | None
    """When the session began; aware."""


class Part(StrEnum):
    """What a session has to do with a run's waiting."""

    WAITS = "waits"
    """It is of the run, and waits."""
    BLOCKS = "blocks"
    """The run waits for it, directly or through others."""
    WRITES = "writes"
    """It is not of the run, and wrote to the version table in a transaction that is still open."""
    QUEUES = "queues"
    """It waits for the run."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One session around a run, at one moment. The texts are the server's: not masked."""

    part: Part
    pid: int
    user: str
    application: str
    query: str
    """Its latest statement, cut off where it is long; empty where it may not be seen."""
    lock: str
    """What it wants, else what it holds: `AccessExclusiveLock`."""
    relation: str
    """The table, else the kind of lock."""
    since: datetime | None
    """When its waiting began, or its transaction where it does not wait; aware."""
    blocked_by: tuple[int, ...]
    """Pids that it waits for."""


class Deadline:
    """A number of seconds from its making on, by the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; negative once it has passed."""
        return self._end - time.monotonic()

    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0


class RunLock(Protocol):
    """The lock of one run in the target database, held until its context manager is left.

    The reading methods use connections of their own, so that trouble there cannot lose the lock.
    """

    @property
    def challenge(self) -> Mapping[str, object]:
        """JSON-able: what the child must take and verify on its own connections before the first revision."""
        ...

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """Descriptors that the child must inherit, so that the lock lives as long as any process of the run."""
        ...

    def read(self) -> VersionReading:
        """The version table as it is now."""
        ...

    def schema_digest(self) -> str:
        """See Database.schema_digest."""
        ...

    def sessions(self) -> tuple[Session, ...]:
        """Sessions of this or an earlier run that are still alive. Raises DatabaseUnavailable."""
        ...

    def is_held(self) -> bool:
        """Whether the lock is still ours; False also where that cannot be known."""
        ...

    def contention(self, *, timeout: float) -> tuple[Contender, ...]:
        """Who waits for whom around this run now; always from one thread. Raises DatabaseUnavailable."""
        ...


class Database(Protocol):
    """One environment's database, or one schema of it: a target and the version table in it. All times are seconds."""

    @property
    def target(self) -> DatabaseTarget:
        """Where it is."""
        ...

    def observe(self, *, timeout: float) -> VersionReading:
        """The version table as it is now. Never raises for database trouble, creates nothing, waits for no lock."""
        ...

    def schema_digest(self, *, timeout: float) -> str:
        """A sha256 in hex over the definitions of everything in the schema, without rows and comments.

        Equal digests: equal schemas. Raises DatabaseUnavailable.
        """
        ...

    def invalid_indexes(self, *, timeout: float = 10.0) -> tuple[str, ...]:
        """Qualified, quoted names of indexes that an interrupted CREATE INDEX CONCURRENTLY left, sorted.

        Raises DatabaseUnavailable.
        """
        ...

    def count_rows(self, places: tuple[Countable, ...], *, timeout: float) -> dict[Countable, RowCount]:
        """Rows of tables, and values in columns, in the order of `places`. What takes too long is estimated, or
        said not to be known. Raises DatabaseUnavailable where the database as a whole gives no answer.
        """
        ...

    def sessions_of_runs(self, *, timeout: float = 10.0) -> tuple[Session, ...]:
        """Sessions of any run that are alive now, without taking the lock. Raises DatabaseUnavailable."""
        ...

    def cancel_statements(self, *, timeout: float) -> int:
        """Stops what the sessions of any run do now; they live on. How many were told. Raises DatabaseUnavailable."""
        ...

    def terminate_sessions(self, *, timeout: float) -> int:
        """Ends the sessions of any run, and no others. How many were told. Raises DatabaseUnavailable."""
        ...

    def gather_statistics(self, *, timeout: float) -> None:
        """Of a restored copy, which has none: so that statements are planned as on the original.

        Raises DatabaseUnavailable.
        """
        ...

    def watch_locks(self) -> AbstractContextManager[LockWatch]:
        """Looks at the locks of the sessions of a run until it is left; the run's lock must be held meanwhile.

        Raises DatabaseUnavailable.
        """
        ...

    def hold_run_lock(self, *, wait: float) -> AbstractContextManager[RunLock]:
        """The lock of a run, tried for `wait` seconds. Raises LockHeld and LockUnavailable.

        Held too while somebody else's open transaction has written to the version table, or to the SQLite file.
        """
        ...
