"""Reads a SQLite version table: read-only, waiting for no lock, creating no file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.sqlite.connection import read_unchanged, require_file
from dashboard.revisions.status import Reason, VersionReading

SERVER = f"SQLite {sqlite3.sqlite_version}"
MOST_ROWS = 1000
"""More rows than any history has heads: the table is something else's."""


def observe_version_table(
    path: Path, *, version_table: str, version_table_schema: str, timeout: float
) -> VersionReading:
    """What the version table in the file says now."""
    identity = ""
    try:
        status = require_file(path)
        identity = f"{status.st_dev}:{status.st_ino}"
        if version_table_schema not in ("", "main"):
            raise DatabaseUnavailable(
                Reason.NOT_CONFIGURED,
                f"SQLite has no schema {version_table_schema!r}. Leave version_table_schema empty.",
            )
        rows, reason, detail = read_unchanged(
            path, lambda connection: _read(connection, path, version_table), timeout=timeout
        )
    except DatabaseUnavailable as error:
        rows, reason, detail = (), error.reason, error.detail
    return VersionReading(rows=rows, reason=reason, detail=detail, server=SERVER, identity=identity)


def _read(connection: sqlite3.Connection, path: Path, table: str) -> tuple[tuple[str, ...], Reason | None, str]:
    connection.execute("BEGIN")
    kinds = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    # SQLite compares the names of tables without regard to case.
    found = next(((kind, name) for kind, name in kinds if name.lower() == table.lower()), None)
    if found is None:
        return (), *_explain_absence(path, table, any(kind == "table" for kind, _ in kinds))
    if found[0] == "view":
        raise _not_a_version_table(path, table, "is a view")
    rows = _rows(connection, path, table)
    return (rows, None, "") if rows else ((), Reason.EMPTY_TABLE, f"{table} in {path} has no row.")


def _explain_absence(path: Path, table: str, has_tables: bool) -> tuple[Reason, str]:
    if not has_tables:
        return Reason.NO_TABLE, f"There is no {table} in {path}."
    return Reason.SCHEMA_NOT_EMPTY, (
        f"There is no {table} in {path}, but there are other tables: if they come from this project's revisions, "
        "stamp the revision that they stand at."
    )


def _rows(connection: sqlite3.Connection, path: Path, table: str) -> tuple[str, ...]:
    quoted = '"' + table.replace('"', '""') + '"'
    columns = connection.execute("SELECT lower(name) FROM pragma_table_info(?)", (table,)).fetchall()
    if ("version_num",) not in columns:
        raise _not_a_version_table(path, table, "has no column version_num")
    rows = connection.execute(
        f"SELECT version_num FROM {quoted} ORDER BY 1 LIMIT {MOST_ROWS + 1}"  # noqa: S608
    ).fetchall()
    if len(rows) > MOST_ROWS:
        raise _not_a_version_table(path, table, f"has more than {MOST_ROWS} rows")
    if not all(isinstance(row[0], str) for row in rows):
        raise _not_a_version_table(path, table, "has a version_num that is no text")
    return tuple(row[0] for row in rows)


def _not_a_version_table(path: Path, table: str, what: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        Reason.NOT_A_VERSION_TABLE,
        f"{table} in {path} {what}: it is not Alembic's. Set version_table to the name of Alembic's table.",
    )
