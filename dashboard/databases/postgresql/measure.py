"""Watches which locks the sessions of a run hold, and for how long, by looking every 20 ms from a session of its own.

What is held to the end of a transaction the run's own session tells as well; what CREATE INDEX CONCURRENTLY and other
statements outside of a transaction hold is gone when they end, and only seen from beside them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.measurement import HeldLock, LockSpan, Rewrite
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.gate.lock_modes import LOCK_MODES

APPLICATION = "alembic-dashboard measure"
EVERY = 0.02
TIMEOUT = 10.0

# The version table is changed by every run and read by nobody else; a TOAST table goes with its table.
_RELATIONS = """
SELECT c.oid::bigint, c.oid::regclass::text, c.relkind IN ('i', 'I') FROM pg_catalog.pg_class c
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I') AND c.relpersistence <> 't'
  AND c.relnamespace <> 'pg_toast'::regnamespace
  AND c.oid IS DISTINCT FROM to_regclass(%(version_table)s)::oid
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i
                  WHERE i.indexrelid = c.oid AND i.indrelid = to_regclass(%(version_table)s)::oid)
"""
_LOCKS = """
WITH l AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks WHERE granted)
SELECT DISTINCT l.relation::bigint, l.mode, l.virtualtransaction FROM l
WHERE l.locktype = 'relation' AND l.relation >= 16384
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.pid IN (SELECT pid FROM l WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %(key)s
                AND objid = %(children)s AND database = (SELECT oid FROM pg_catalog.pg_database
                                                         WHERE datname = current_database()))
"""


@dataclass(slots=True)
class _Interval:
    """One lock as it was seen, look after look."""

    position: int
    relation: int
    mode: str
    transaction: str
    since: float
    """The look before it was first seen."""
    last_look: int
    until: float | None = None
    """The first look without it."""


class PostgreSQLLockWatch:
    """A LockWatch; see there for the contracts."""

    def __init__(self, connection: Connection, *, key: int, children: int, version_table: str) -> None:
        self._connection = connection
        self._key = {"key": key, "children": children}
        relations = connection.query(_RELATIONS, {"version_table": version_table}, timeout=TIMEOUT)
        self._names: dict[int, str] = {oid: name for oid, name, _is_index in relations}
        self._indexes = {name for _oid, name, is_index in relations if is_index}
        self._position = 0
        self._held: dict[int, dict[tuple[int, str], str]] = {}
        """Position -> lock -> the transaction that it is held in, as the session told it."""
        self._open: dict[tuple[int, str], _Interval] = {}
        self._closed: list[_Interval] = []
        self._look = 0
        self._looked_at = time.monotonic()
        self._longest_gap = EVERY
        self._failure: DatabaseUnavailable | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="measure")
        self._thread.start()

    def begin(self, position: int) -> None:
        """See LockWatch."""
        self._position = position

    def end(self, position: int, held: Iterable[HeldLock]) -> None:
        """See LockWatch."""
        known = (lock for lock in held if lock.relation in self._names)
        self._held[position] = {(lock.relation, lock.mode): lock.transaction for lock in known}

    def finish(self) -> None:
        """See LockWatch."""
        self.stop()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Takes one last look, then no more; may be called twice."""
        self._ending.set()
        self._thread.join(timeout=2 * TIMEOUT)

    def spans(self, position: int) -> tuple[LockSpan, ...]:
        """See LockWatch."""
        to_end = self._held.get(position, {})
        # One that no look caught was held for less than the longest time between two looks.
        seconds = dict.fromkeys(to_end, self._longest_gap)
        for interval in (*self._closed, *self._open.values()):
            if interval.relation not in self._names or self._taken_at(interval) != position:
                continue
            key = (interval.relation, interval.mode)
            seconds[key] = max(seconds.get(key, 0.0), (interval.until or self._looked_at) - interval.since)
        spans = (
            LockSpan(
                self._names[relation], mode, took, self._names[relation] in self._indexes, (relation, mode) in to_end
            )
            for (relation, mode), took in seconds.items()
        )
        return tuple(sorted(spans, key=self._order))

    def rewrites(self, found: Iterable[tuple[int, int]]) -> tuple[Rewrite, ...]:
        """See LockWatch."""
        known = (Rewrite(self._names[oid], size) for oid, size in found if oid in self._names)
        return tuple(sorted(known, key=lambda rewrite: (-rewrite.bytes, rewrite.relation)))

    def _taken_at(self, interval: _Interval) -> int:
        """By the session's own word where there is one: the first look at a lock may fall into the step after it."""
        key = (interval.relation, interval.mode)
        told = (at for at, held in sorted(self._held.items()) if held.get(key) == interval.transaction)
        return next(told, interval.position)

    def _order(self, span: LockSpan) -> tuple[int, bool, float, str]:
        """A table stands before the indexes that are locked with it."""
        return -LOCK_MODES.index(span.mode), span.is_index, -span.seconds, span.relation

    def _watch(self) -> None:
        try:
            while not self._ending.wait(EVERY):
                self._take_look()
            self._take_look()
        except DatabaseUnavailable as error:
            self._failure = error

    def _take_look(self) -> None:
        position = self._position
        rows = self._connection.query(_LOCKS, self._key, timeout=TIMEOUT)
        now = time.monotonic()
        self._look += 1
        self._longest_gap = max(self._longest_gap, now - self._looked_at)
        for relation, mode, transaction in rows:
            self._see(position, relation, mode, transaction)
        gone = [key for key, interval in self._open.items() if interval.last_look != self._look]
        for key in gone:
            self._close(key, now)
        self._looked_at = now

    def _see(self, position: int, relation: int, mode: str, transaction: str) -> None:
        """The same lock in another transaction goes on while the step is the same: CONCURRENTLY has several."""
        key = (relation, mode)
        interval = self._open.get(key)
        if interval is not None and transaction != interval.transaction and position != interval.position:
            self._close(key, self._looked_at)
            interval = None
        if interval is None:
            self._open[key] = _Interval(position, relation, mode, transaction, self._looked_at, self._look)
            return
        interval.last_look, interval.transaction = self._look, transaction

    def _close(self, key: tuple[int, str], until: float) -> None:
        interval = self._open.pop(key)
        interval.until = until
        self._closed.append(interval)


@contextmanager
def watch_locks(
    target: DatabaseTarget, *, key: int, children: int, version_table: str
) -> Iterator[PostgreSQLLockWatch]:
    """Looks at the sessions that hold (`key`, `children`) until it is left. Raises DatabaseUnavailable.

    `version_table`: quoted for SQL; its own locks are left out.
    """
    with open_connection(target, application=APPLICATION, timeout=TIMEOUT) as connection:
        watch = PostgreSQLLockWatch(connection, key=key, children=children, version_table=version_table)
        try:
            yield watch
        finally:
            watch.stop()
