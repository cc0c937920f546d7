"""Measures what a revision does, from within its own transaction.

Nothing here has names of relations: the parent knows them from before, and tells what is new from what others may use.
"""

from __future__ import annotations

import re
import time
from typing import Any

MOST_STATEMENTS = 200
"""Of one revision; the others are counted."""
LONGEST_STATEMENT = 4000

# An oid below 16384 belongs to PostgreSQL itself.
_LOCKS = (
    "SELECT relation::bigint, mode, virtualtransaction FROM pg_catalog.pg_locks"
    " WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted AND relation >= 16384"
    " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
)
_FILES = (
    "SELECT oid::bigint, relfilenode::bigint, oid::pg_catalog.regclass::text FROM pg_catalog.pg_class"
    " WHERE oid >= 16384 AND relfilenode <> 0 AND relkind IN ('r', 'm', 'i')"
)
_SIZES = (
    "SELECT oid::bigint, pg_catalog.pg_relation_size(oid)"
    " + coalesce(pg_catalog.pg_total_relation_size(nullif(reltoastrelid, 0)), 0)"
    " FROM pg_catalog.pg_class WHERE oid IN (%s)"
)
_WAL = "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::bigint"
_ROWS = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_catalog.pg_stat_xact_user_tables"
_CHANGES_ROWS = re.compile(r"^\s*(?:--[^\n]*\n\s*)*(?:WITH|INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_READS_CATALOG = re.compile(
    r"^\s*(?:SELECT\b.*\bpg_catalog\.|SELECT\b.*\bsqlite_(?:temp_)?master\b"
    r"|PRAGMA (?:\w+\.)?(?:table_x?info|table_list|index_\w+|foreign_key_list)\b)",
    re.IGNORECASE | re.DOTALL,
)


class Measures:
    """Of one child: `follow` each step, then `take_seconds` once it is done."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self._connection: Any = None
        self._statements = Statements()
        self._rows = RowsTouched()
        self._before: dict[str, Any] = {}
        self._started = 0.0
        self._spent = 0.0
        self._listen()

    def start(self) -> None:
        """A revision begins; what measuring takes is not counted."""
        self._started = time.monotonic()
        self._spent = 0.0

    def take_seconds(self) -> float:
        """What the revision took, a commit of its own included."""
        return max(0.0, time.monotonic() - self._started - self._spent)

    def follow(self, context: Any, step: Any, position: int) -> None:
        """Makes the step measure itself: looking from outside of it would be outside of its transaction."""
        plain = step.migration_fn

        def measured(*args: Any, **kwargs: Any) -> None:
            begun = time.monotonic()
            self._events.emit_first("measuring", position=position)
            self._open(context.connection)
            self._spent += time.monotonic() - begun
            plain(*args, **kwargs)
            begun = time.monotonic()
            self._events.emit("measured", position=position, **self._close())
            self._spent += time.monotonic() - begun

        step.migration_fn = measured

    def _open(self, connection: Any) -> None:
        self._connection = connection
        self._rows.begin(connection)
        self._before = _look(connection) if _is_postgresql(connection) else {}
        self._statements.begin()

    def _close(self) -> dict[str, Any]:
        self._statements.end()
        found: dict[str, Any] = {
            "rows": self._rows.end(self._connection),
            "statements": self._statements.told(),
            "statements_dropped": self._statements.dropped,
        }
        if self._before:
            found.update(_compare(self._connection, self._before))
        self._connection = None
        return found

    def _listen(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        @event.listens_for(Engine, "before_cursor_execute")
        def before(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
            self._statements.start(statement, len(parameters) if many else 1)

        @event.listens_for(Engine, "after_cursor_execute")
        def after(connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
            self._statements.stop()
            if connection is self._connection:
                self._rows.add_autocommitted(connection, cursor, statement)

        @event.listens_for(Engine, "begin")
        def begin(connection: Any) -> None:
            if connection is self._connection:
                self._rows.transaction_began(connection)

        @event.listens_for(Engine, "commit")
        def commit(connection: Any) -> None:
            if connection is self._connection:
                self._rows.transaction_ends(connection)

        @event.listens_for(Engine, "rollback")
        def rollback(connection: Any) -> None:
            if connection is self._connection:
                self._rows.transaction_undone()


class Statements:
    """What a revision really sent, in its order. Parameters are not kept: they are the database's contents."""

    def __init__(self) -> None:
        self.dropped = 0
        self._is_open = False
        self._kept: list[list[Any]] = []
        self._since = 0.0
        self._running: Any = None

    def begin(self) -> None:
        self.dropped = 0
        self._is_open = True
        self._kept = []
        self._running = None

    def end(self) -> None:
        self._is_open = False

    def start(self, text: str, times: int) -> None:
        """The same statement several times in a row is one entry."""
        self._running = None
        if not self._is_open or _READS_CATALOG.match(text[:LONGEST_STATEMENT]):
            return
        text = text.strip()
        short = text if len(text) <= LONGEST_STATEMENT else text[:LONGEST_STATEMENT] + " ..."
        if not self._kept or self._kept[-1][0] != short:
            if len(self._kept) >= MOST_STATEMENTS:
                self.dropped += 1
                return
            self._kept.append([short, 0, 0.0])
        self._running = self._kept[-1]
        self._running[1] += times
        self._since = time.monotonic()

    def stop(self) -> None:
        if self._running is not None:
            self._running[2] += time.monotonic() - self._since
            self._running = None

    def told(self) -> list[dict[str, Any]]:
        return [{"sql": sql, "times": times, "seconds": seconds} for sql, times, seconds in self._kept]


class RowsTouched:
    """Rows inserted, updated and deleted, by whatever: PostgreSQL counts those of triggers and DO blocks as well.

    Its counts of a transaction may hold those of the one before, so that each is read at its beginning and its end.
    """

    def __init__(self) -> None:
        self._sum = 0
        self._base: Any = None

    def begin(self, connection: Any) -> None:
        self._sum = 0
        is_counted = not _is_postgresql(connection) or not _autocommits(connection)
        self._base = _count_rows(connection) if is_counted else None

    def end(self, connection: Any) -> Any:
        """None where the driver does not tell."""
        if not _is_postgresql(connection):
            after = _count_rows(connection)
            return None if after is None or self._base is None else after - self._base
        self.transaction_ends(connection)
        return self._sum

    def transaction_began(self, connection: Any) -> None:
        if _is_postgresql(connection) and not _autocommits(connection):
            self._base = _count_rows(connection)

    def transaction_ends(self, connection: Any) -> None:
        if _is_postgresql(connection) and self._base is not None and not _autocommits(connection):
            self._sum += max(0, _count_rows(connection) - self._base)
            self._base = None

    def transaction_undone(self) -> None:
        self._base = None

    def add_autocommitted(self, connection: Any, cursor: Any, statement: str) -> None:
        """Outside of a transaction the server has forgotten its count when it could be asked."""
        if _is_postgresql(connection) and _autocommits(connection) and _CHANGES_ROWS.match(statement):
            self._sum += max(0, cursor.rowcount)


def _look(connection: Any) -> dict[str, Any]:
    return {
        "locks": {tuple(row) for row in _query(connection, _LOCKS)},
        "files": {oid: (file, name) for oid, file, name in _query(connection, _FILES)},
        "wal": _query(connection, _WAL)[0][0],
    }


def _compare(connection: Any, before: dict[str, Any]) -> dict[str, Any]:
    """Locks that are new and still held, and files that were written anew, each by the relation's oid."""
    after = _look(connection)
    changed = _rewritten(before["files"], after["files"])
    sizes = dict(_query(connection, _SIZES % ", ".join(map(str, changed)))) if changed else {}
    return {
        "locks": [list(lock) for lock in sorted(after["locks"] - before["locks"])],
        "rewritten": sorted([known_as, int(sizes.get(oid, 0))] for oid, known_as in changed.items()),
        "wal": int(after["wal"]) - int(before["wal"]),
    }


def _rewritten(before: dict[int, Any], after: dict[int, Any]) -> dict[int, int]:
    """Oid of what has another file now -> the oid that it had before.

    What was dropped and made anew under its name, as an index is whose column gets another type, counts as well.
    """
    gone = {name: oid for oid, (_file, name) in before.items() if oid not in after}
    changed = {oid: oid for oid, (file, _name) in after.items() if oid in before and before[oid][0] != file}
    renewed = {oid: gone[name] for oid, (_file, name) in after.items() if oid not in before and name in gone}
    return {**changed, **renewed}


def _count_rows(connection: Any) -> Any:
    if _is_postgresql(connection):
        return int(_query(connection, _ROWS)[0][0])
    return getattr(getattr(connection.connection, "driver_connection", None), "total_changes", None)


def _query(connection: Any, sql: str) -> list[Any]:
    """Past SQLAlchemy, so that it is no statement of the revision and begins no transaction of its own."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _is_postgresql(connection: Any) -> bool:
    return bool(connection.dialect.name == "postgresql")


def _autocommits(connection: Any) -> bool:
    found = getattr(connection, "_is_autocommit_isolation", None)
    return bool(found and found())
