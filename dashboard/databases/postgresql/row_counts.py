"""Counts rows on PostgreSQL: exactly where that is quick, else by the server's own estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import Connection, quote_identifier
from dashboard.databases.row_count import Countable, RowCount
from dashboard.revisions.status import Reason

EACH = 5.0
"""Seconds for one exact count."""
_FIND = """
SELECT c.reltuples::bigint, EXISTS (
  SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = %s AND NOT a.attisdropped)
FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(%s)
"""

Rows = list[tuple[Any, ...]]
Read = Callable[[float, Callable[[Connection, Deadline], Rows]], Rows]
"""Calls the function in a read-only transaction of its own, for a number of seconds."""


def count_rows(places: tuple[Countable, ...], read: Read, limit: Deadline) -> dict[Countable, RowCount]:
    """Each place by itself, since a count that is stopped ends its transaction. Raises DatabaseUnavailable."""
    return {place: _count(place, read, limit) for place in places}


def _count(place: Countable, read: Read, limit: Deadline) -> RowCount:
    if limit.passed():
        return RowCount(None, detail="not counted: there was no time left")
    name = ".".join(quote_identifier(part) for part in (place.schema, place.table) if part)
    found = _query(read, limit.remaining(), _FIND, (place.column, name))
    if not found:
        return RowCount(None, detail="no such table now")
    estimate, has_column = found[0]
    if place.column and not has_column:
        return RowCount(None, detail="no such column now")
    counted = quote_identifier(place.column) if place.column else "*"
    seconds = min(EACH, max(0.1, limit.remaining()))
    try:
        rows = _query(read, seconds, f"SELECT count({counted}) FROM {name}")  # noqa: S608
    except DatabaseUnavailable as error:
        return _without_count(int(estimate), error)
    return RowCount(int(rows[0][0]))


def _query(read: Read, seconds: float, sql: str, parameters: tuple[str, ...] = ()) -> Rows:
    return read(seconds, lambda connection, limit: connection.query(sql, parameters, timeout=limit.remaining()))


def _without_count(estimate: int, error: DatabaseUnavailable) -> RowCount:
    if estimate >= 0 and error.reason in {Reason.TIMEOUT, Reason.LOCKED}:
        return RowCount(estimate, is_estimate=True, detail="the server's estimate for the table")
    return RowCount(None, detail=f"not counted ({error.reason})")
