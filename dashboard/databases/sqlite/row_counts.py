"""Counts rows of a SQLite file."""

from __future__ import annotations

import sqlite3
import time

from dashboard.databases.row_count import Countable, RowCount

_OPERATIONS = 10_000
"""Of SQLite's virtual machine between two looks at the clock."""


def count_rows(
    connection: sqlite3.Connection, places: tuple[Countable, ...], seconds: float
) -> dict[Countable, RowCount]:
    """In the order of `places`; those for which the time did not suffice are not known."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, _OPERATIONS)
    try:
        return {place: _count(connection, place) for place in places}
    finally:
        connection.set_progress_handler(None, 0)


def _count(connection: sqlite3.Connection, place: Countable) -> RowCount:
    columns = {row[0].lower() for row in connection.execute("SELECT name FROM pragma_table_info(?)", (place.table,))}
    if not columns:
        return RowCount(None, detail="no such table now")
    if place.column and place.column.lower() not in columns:
        return RowCount(None, detail="no such column now")
    counted = _quoted(place.column) if place.column else "*"
    try:
        row = connection.execute(f"SELECT count({counted}) FROM {_quoted(place.table)}").fetchone()  # noqa: S608
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            return RowCount(None, detail="not counted: there was no time left")
        raise
    return RowCount(int(row[0]))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
