"""The lock of a run in PostgreSQL: advisory locks that live as long as the sessions that hold them.

For a key K of schema and version table, the parent holds (K, 1) exclusively on an idle connection. Each connection of
the child takes (K, 2) shared, so whoever gets (K, 2) exclusively for a moment knows that no session of an earlier
run is alive. Locks are tried in a loop, never waited for: a waiter in the server's queue makes CREATE INDEX
CONCURRENTLY hang for ever.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable, Deadline, LockHeld, LockUnavailable, Session
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.contention import describe_writers

APPLICATION = "alembic-dashboard lock"
CONNECT_TIMEOUT = 10.0
QUERY_TIMEOUT = 10.0
HELD_TIMEOUT = 5.0
BETWEEN_TRIES = 0.1
PARENT, CHILDREN = 1, 2
"""The second keys."""

# Nobody but the end of the run ends this session; and where its machine vanishes, the server notices in seconds.
_SETTINGS = {
    "idle_session_timeout": "0",
    "statement_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

_HOLDERS = """
SELECT l.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''),
       CASE WHEN a.query LIKE '<insufficient%%' THEN '' ELSE coalesce(a.query, '') END, a.backend_start
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = %s AND l.objid = %s
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
ORDER BY l.pid
"""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """What holding the lock came to."""

    connection: Connection
    key: int
    challenge_key: int
    backend: int
    """The pid of the session that holds it."""

    @property
    def challenge(self) -> dict[str, object]:
        """See RunLock.challenge."""
        return {
            "kind": "postgresql",
            "lock_key": [self.key, CHILDREN],
            "challenge_key": self.challenge_key,
        }

    def is_held(self) -> bool:
        """Asks the server; False also where it gives no answer."""
        try:
            backend = self.connection.query("SELECT pg_backend_pid()", timeout=HELD_TIMEOUT)[0][0]
            holders = _holders(self.connection, self.key, PARENT)
        except DatabaseUnavailable:
            return False
        return backend == self.backend and self.backend in [holder.pid for holder in holders]


def lock_key(schema: str, table: str) -> int:
    """An int4, never negative, so that pg_locks shows it as it is."""
    return int.from_bytes(sha256(f"{schema}\0{table}".encode()).digest()[:4]) & 0x7FFFFFFF


@contextmanager
def hold_locks(
    target: DatabaseTarget, connection: Connection, *, key: int, version_table: str, wait: float
) -> Iterator[HeldLock]:
    """Holds (`key`, 1) and a random challenge on `connection`. Raises LockHeld and LockUnavailable.

    `version_table`: quoted for SQL; whoever writes to it just now, by hand say, keeps a run out as well.
    """
    if connection.query("SELECT pg_is_in_recovery()", timeout=QUERY_TIMEOUT)[0][0]:
        raise LockUnavailable("This server is a standby and takes no changes. Name the primary in dashboard.toml.")
    backend: int = connection.query("SELECT pg_backend_pid()", timeout=QUERY_TIMEOUT)[0][0]
    deadline = Deadline(wait)
    _try_until(connection, key, PARENT, deadline)
    try:
        _refuse_pooling(target, connection, key, backend)
        _keep_session(connection)
        _try_until(connection, key, CHILDREN, deadline)
        connection.query("SELECT pg_advisory_unlock(%s, %s)", (key, CHILDREN), timeout=QUERY_TIMEOUT)
        _wait_for_writers(connection, version_table, deadline)
        challenge_key = secrets.randbits(62)
        connection.query("SELECT pg_try_advisory_lock(%s)", (challenge_key,), timeout=QUERY_TIMEOUT)
        yield HeldLock(connection, key, challenge_key, backend)
    finally:
        _release(connection)


def sessions_of_key(connection: Connection, key: int) -> tuple[Session, ...]:
    """The child sessions of any run under `key`. Raises DatabaseUnavailable."""
    return _holders(connection, key, CHILDREN)


def _try_until(connection: Connection, key: int, second: int, deadline: Deadline) -> None:
    while True:
        taken = connection.query("SELECT pg_try_advisory_lock(%s, %s)", (key, second), timeout=QUERY_TIMEOUT)[0][0]
        if taken:
            return
        if deadline.passed():
            raise LockHeld(_who_holds(connection, key, second))
        time.sleep(min(BETWEEN_TRIES, max(0.0, deadline.remaining())))


def _wait_for_writers(connection: Connection, version_table: str, deadline: Deadline) -> None:
    while writers := describe_writers(connection, version_table=version_table, timeout=QUERY_TIMEOUT):
        if deadline.passed():
            raise LockHeld(
                f"Somebody else is changing the version table just now ({writers}): alembic by hand, perhaps. Wait "
                "until that transaction has ended, then look again at what is pending."
            )
        time.sleep(min(BETWEEN_TRIES, max(0.0, deadline.remaining())))


def _who_holds(connection: Connection, key: int, second: int) -> str:
    holders = _holders(connection, key, second)
    names = "; ".join(f"pid {h.pid}, user {h.user}, {h.application!r}" for h in holders) or "a session now gone"
    if second == PARENT:
        return f"Another run holds this environment's lock ({names}). Wait until it has ended."
    return (
        f"A session of an earlier run is still alive ({names}). Wait until its statement has ended, or terminate "
        "it with pg_terminate_backend."
    )


def _holders(connection: Connection, key: int, second: int) -> tuple[Session, ...]:
    return tuple(Session(*row) for row in connection.query(_HOLDERS, (key, second), timeout=QUERY_TIMEOUT))


def _refuse_pooling(target: DatabaseTarget, connection: Connection, key: int, backend: int) -> None:
    """A pool in transaction mode hands one server session to several clients: its locks protect from nothing."""
    with open_connection(target, application=APPLICATION, timeout=CONNECT_TIMEOUT) as other:
        other.query("BEGIN", timeout=QUERY_TIMEOUT)
        taken, theirs = other.query(
            "SELECT pg_try_advisory_lock(%s, %s), pg_backend_pid()", (key, PARENT), timeout=QUERY_TIMEOUT
        )[0]
        # The other's open transaction occupies a session of the pool; ours must still be the one that it was.
        ours = None
        if not taken:
            ours = connection.query("SELECT pg_backend_pid()", timeout=QUERY_TIMEOUT)[0][0]
        if taken:
            other.query("SELECT pg_advisory_unlock(%s, %s)", (key, PARENT), timeout=QUERY_TIMEOUT)
        other.query("ROLLBACK", timeout=QUERY_TIMEOUT)
    if taken or theirs == backend or ours != backend:
        raise LockUnavailable(
            "A connection pool in transaction mode (PgBouncer, say) lies before this database: locks and settings of "
            "a session do not hold there. Give the environment the address of the server itself, or of a pool in "
            "session mode."
        )


def _keep_session(connection: Connection) -> None:
    connection.query(
        "SELECT set_config(s.name, v.setting, false) FROM pg_catalog.pg_settings s"
        " JOIN unnest(%s, %s) AS v(name, setting) ON v.name = s.name",
        (list(_SETTINGS), list(_SETTINGS.values())),
        timeout=QUERY_TIMEOUT,
    )


def _release(connection: Connection) -> None:
    """Before the session ends, since the server notices an end only a moment later."""
    try:
        connection.query("SELECT pg_advisory_unlock_all()", timeout=QUERY_TIMEOUT)
    except DatabaseUnavailable:
        connection.close()
