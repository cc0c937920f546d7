"""Reads the definitions of everything in a SQLite file that revisions make, through SQLAlchemy's connection."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import Deadline
from dashboard.databases.definition import Column, Definition, Inventory, Key
from dashboard.databases.sqlite.connection import read_unchanged

T = TypeVar("T")

_OBJECTS = """
SELECT type, CASE type WHEN 'view' THEN '' ELSE tbl_name END, name, sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND type IN ('index', 'view', 'trigger')
"""
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_TEXT_OR_REST = re.compile(r"""('(?:[^']|'')*')|([^']+)""")
_LAYOUT = re.compile(r"""[\s"`\[\]]+|if not exists""")


def read_inventory(connection: Connection) -> Inventory:
    """Needs a transaction."""
    columns: dict[tuple[str, str, str], Column] = {}
    definitions: dict[Key, Definition] = {}
    for (table,) in connection.exec_driver_sql(_TABLES).all():
        definitions[Key("table", "", "", table)] = Definition("")
        key_columns = {}
        quoted = '"' + table.replace('"', '""') + '"'
        for _, name, type_, _, default, place, hidden in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})"):
            columns["", table, name] = Column(type_.upper(), default or "")
            definitions[Key("column", "", table, name)] = Definition(_HIDDEN.get(hidden, ""))
            if place:
                key_columns[place] = name
        key = ", ".join(name for _, name in sorted(key_columns.items()))
        definitions[Key("constraint", "", table, "primary key")] = Definition(f"PRIMARY KEY ({key})" if key else "")
    for table, found in inspect(connection).get_multi_check_constraints().items():
        for check in found:
            text = str(check["sqltext"])
            name = check["name"] or f"CHECK ({text})"
            definitions[Key("constraint", "", table[1], name)] = Definition(_normal(text), words=f"CHECK ({text})")
    for kind, table, name, sql in connection.exec_driver_sql(_OBJECTS):
        definitions[Key(kind, "", table, name)] = Definition(_normal(sql), sql, f'DROP {kind.upper()} "{name}"', sql)
    return Inventory(columns, definitions, frozenset())


_HIDDEN = {2: "GENERATED ALWAYS AS ... VIRTUAL", 3: "GENERATED ALWAYS AS ... STORED"}


def _normal(sql: str) -> str:
    """Text in quotes stays; names may be quoted or not, and layout is free."""
    return _TEXT_OR_REST.sub(lambda match: match[1] or _LAYOUT.sub("", match[2].lower()), sql)


def read(target: DatabaseTarget, work: Callable[[Connection], T], *, timeout: float) -> T:
    """What `work` returns for one consistent state of the file. Raises DatabaseUnavailable; creates nothing."""
    limit = Deadline(timeout)

    def through_sqlalchemy(raw: sqlite3.Connection) -> T:
        raw.set_progress_handler(limit.passed, 100_000)
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                return work(connection)
            except DBAPIError as error:
                if isinstance(error.orig, sqlite3.Error):
                    raise error.orig from None
                raise

    return read_unchanged(Path(target.name), through_sqlalchemy, timeout=timeout)
