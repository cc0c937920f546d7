"""Databases of a chosen size with rows that hardly compress, and a project whose revisions change them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from tests import postgresql
from tests.alembic_project import make_project

ROW_BYTES = 250
"""About what a row takes on the disk."""
TABLES = ("events", "entries", "notes")
_URL_BY_HAND = 'import os\nassert context.config.get_main_option("sqlalchemy.url"), "the dashboard gives it"'


def write_project(folder: Path) -> None:
    """`first` is what a large database is at; after it one column comes, and one gets another type."""
    project = make_project(folder, extra=_URL_BY_HAND)
    project.add("first", "pass")
    project.add("added", 'op.add_column("events", sa.Column("seen", sa.Integer))')
    project.add(
        "widened",
        'if op.get_context().dialect.name == "postgresql":\n    op.execute("ALTER TABLE notes ALTER COLUMN number TYPE bigint")',
    )


@contextmanager
def large_postgresql(gigabytes: float) -> Iterator[tuple[DatabaseTarget, Path]]:
    """On a server of its own, which is gone afterwards; with the folder of its programs."""
    binaries = postgresql.find_binaries()
    assert binaries is not None, "PostgreSQL is needed for this measurement"
    directory = postgresql.make_directory()
    try:
        server = postgresql.start(directory, binaries)
        try:
            server.create_database("large")
            _fill_postgresql(server, gigabytes)
            yield (
                DatabaseTarget(
                    Dialect.POSTGRESQL,
                    "large",
                    host=server.host,
                    port=server.port,
                    user=server.admin,
                    password=server.password,
                ),
                binaries,
            )
        finally:
            postgresql.stop(directory, binaries)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def large_sqlite(folder: Path, gigabytes: float) -> Iterator[DatabaseTarget]:
    """A file that is gone afterwards."""
    path = folder / "large.db"
    rows = _rows_of_a_table(gigabytes)
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, kind INTEGER, text TEXT)")
            connection.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
                f" INSERT INTO {table} SELECT i, i % 100, hex(randomblob(115)) FROM n"
            )
        connection.execute("CREATE TABLE alembic_version AS SELECT 'first' AS version_num")
    connection.close()
    try:
        yield DatabaseTarget(Dialect.SQLITE, str(path))
    finally:
        path.unlink()


def _fill_postgresql(server: postgresql.Server, gigabytes: float) -> None:
    text = " || ".join(f"md5((n * {factor})::text)" for factor in (1, 3, 5, 7, 11, 13))
    connection = server.connect("large")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {table} (number integer PRIMARY KEY, kind integer, text text)")
            cursor.execute(
                f"INSERT INTO {table} SELECT n, n % 100, {text} FROM generate_series(1, {_rows_of_a_table(gigabytes)}) n"
            )
        cursor.execute("CREATE TABLE alembic_version AS SELECT 'first'::varchar(32) AS version_num")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    connection.close()


def _rows_of_a_table(gigabytes: float) -> int:
    return int(gigabytes * 1024**3 / ROW_BYTES / len(TABLES))
