"""Rows that a plan would take away, counted on both databases under a deadline."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import database_for
from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.row_count import Countable, RowCount
from tests.databases.conftest import open_transaction, sqlite_target
from tests.postgresql import Server

TABLE, COLUMN, GONE = Countable("", 'odd "name'), Countable("", 'odd "name', "x%y"), Countable("", "gone")
NO_COLUMN = Countable("", 'odd "name', "gone")
FILL = """CREATE TABLE "odd ""name" (id integer, "x%y" text); INSERT INTO "odd ""name" VALUES (1, 'a'), (2, NULL)"""
COUNTS = {
    TABLE: RowCount(2),
    COLUMN: RowCount(1),
    GONE: RowCount(None, detail="no such table now"),
    NO_COLUMN: RowCount(None, detail="no such column now"),
}


def test_postgresql_counts_rows_and_values(target: DatabaseTarget, execute: Callable[..., Any]) -> None:
    execute(FILL)
    execute("CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT generate_series(1, 7) AS id")
    in_schema = Countable("shop", "orders", "id")

    counts = database_for(target).count_rows((*COUNTS, in_schema), timeout=20)

    assert counts == {**COUNTS, in_schema: RowCount(7)}


def test_sqlite_counts_rows_and_values_and_leaves_no_file_behind(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FILL)
    connection.close()

    counts = database_for(sqlite_target(path)).count_rows(tuple(COUNTS), timeout=20)

    assert counts == COUNTS and [entry.name for entry in tmp_path.iterdir()] == ["data.db"]


def test_a_locked_table_is_estimated_instead_of_waited_for(
    target: DatabaseTarget, execute: Callable[..., Any], postgres_server: Server
) -> None:
    execute("CREATE TABLE big AS SELECT generate_series(1, 5000) AS id; ANALYZE big")
    started = time.monotonic()

    with open_transaction(postgres_server, target.name, "LOCK TABLE big IN ACCESS EXCLUSIVE MODE"):
        counts = database_for(target).count_rows((Countable("", "big"),), timeout=20)

    assert counts[Countable("", "big")] == RowCount(5000, True, "the server's estimate for the table")
    assert time.monotonic() - started < 10


def test_a_sqlite_count_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE big (x)")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
        connection.execute(f"INSERT INTO big {numbers} SELECT i FROM n")
    connection.close()

    counts = database_for(sqlite_target(path)).count_rows((Countable("", "big", "x"),), timeout=0.0001)

    assert counts[Countable("", "big", "x")].rows is None


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        database_for(sqlite_target(tmp_path / "none.db")).count_rows((TABLE,), timeout=5)
