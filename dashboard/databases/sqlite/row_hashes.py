"""Counts and hashes the rows of a SQLite database, in whatever order they lie in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

from dashboard.databases.contents import Contents, Origin, TableContents
from dashboard.databases.sqlite.schema import digest_schema

AT_A_TIME = 1000
_MODULUS = 1 << 128


def read_contents(connection: sqlite3.Connection, *, tick: Callable[[int], None]) -> Contents:
    """Everything that a restored copy is compared by; consistent where a transaction is open. Raises sqlite3.Error.

    `tick` gets the number of tables done, often. Virtual tables are told by the tables that they keep their data in.
    """
    factory, connection.text_factory = connection.text_factory, _text
    try:
        names = [
            name.decode()
            for (name,) in connection.execute(
                "SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'"
                " AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY name"
            )
        ]
        tables = []
        for number, name in enumerate(names):
            tick(number)
            tables.append(_read_table(connection, name, partial(tick, number)))
        tick(len(names))
        size = connection.execute("PRAGMA page_count").fetchone()[0]
        size *= connection.execute("PRAGMA page_size").fetchone()[0]
    finally:
        connection.text_factory = factory
    origin = Origin(server=f"SQLite {sqlite3.sqlite_version}", size=size)
    return Contents({"schema": digest_schema(connection)}, tuple(tables), 0, origin)


def _text(content: bytes) -> tuple[str, bytes]:
    """A text need not be UTF-8 in SQLite, and is another value than a blob of the same bytes."""
    return "text", content


def _read_table(connection: sqlite3.Connection, name: str, tick: Callable[[], None]) -> TableContents:
    quoted = '"' + name.replace('"', '""') + '"'
    count, total = 0, 0
    cursor = connection.execute(f"SELECT * FROM main.{quoted}")  # noqa: S608
    while rows := cursor.fetchmany(AT_A_TIME):
        tick()
        count += len(rows)
        for row in rows:
            total += int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())
    return TableContents(quoted, count, f"{total % _MODULUS:032x}")
