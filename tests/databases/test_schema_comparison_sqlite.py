"""A SQLite schema beside the one that its revisions make."""

from __future__ import annotations

import hashlib
import pickle
import sqlite3
from pathlib import Path

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import DatabaseUnavailable
from dashboard.databases.schema_comparison import ExpectedSchema, Scope, compare_schema, read_expected
from tests.databases.conftest import sqlite_target

SCOPE = Scope("alembic_version", "")
PEOPLE = """CREATE TABLE people (
    id INTEGER NOT NULL, name VARCHAR(50) DEFAULT 'nobody', age INTEGER, PRIMARY KEY (id), CONSTRAINT old CHECK (age > 3))"""
ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people (id), day DATE NOT NULL UNIQUE)"
INDEX = "CREATE INDEX people_name ON people (name) WHERE age > 3"
VIEW = "CREATE VIEW grown AS SELECT * FROM people WHERE age > 17"
TRIGGER = "CREATE TRIGGER touched AFTER UPDATE ON people BEGIN SELECT 1; END"
VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
MADE = (PEOPLE, ORDERS, INDEX, VIEW, TRIGGER, VERSION)


def make(path: Path, *statements: str) -> DatabaseTarget:
    """A file with these."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return sqlite_target(path)


@pytest.fixture
def expected(tmp_path: Path) -> ExpectedSchema:
    """Read from a scratch database, stored and read again."""
    found: ExpectedSchema = pickle.loads(
        pickle.dumps(read_expected(make(tmp_path / "copy.db", *MADE), SCOPE, timeout=5))
    )
    return found


def test_equal_schemas_do_not_differ_and_nothing_is_written(tmp_path: Path, expected: ExpectedSchema) -> None:
    path = tmp_path / "real.db"
    written_otherwise = INDEX.replace("people_name ON people (name)", '"people_name"  ON "people"("name")')
    target = make(path, PEOPLE, ORDERS, written_otherwise, VIEW, TRIGGER, VERSION)
    before = hashlib.sha256(path.read_bytes()).digest()

    differences = compare_schema(target, expected, SCOPE, timeout=5)

    assert differences == ()
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.db", "real.db"]


@pytest.mark.parametrize(
    ("was", "now", "difference"),
    [
        ("age INTEGER", "age INTEGER, note TEXT", ("drop_column", "people", "note")),
        ("person INTEGER REFERENCES people (id), ", "", ("add_column", "orders", "person")),
        ("VARCHAR(50)", "VARCHAR(80)", ("alter_column", "people", "name")),
        ("age INTEGER", "age INTEGER NOT NULL", ("alter_column", "people", "age")),
        ("'nobody'", "'x'", ("alter_column", "people", "name")),
        (" REFERENCES people (id)", "", ("create_foreign_key", "orders", "")),
        ("DATE NOT NULL UNIQUE", "DATE NOT NULL", ("create_unique_constraint", "orders", "")),
        ("CHECK (age > 3)", "CHECK (age > 4)", ("alter_constraint", "people", "old")),
        ("PRIMARY KEY (id)", "PRIMARY KEY (id, name)", ("alter_constraint", "people", "primary key")),
        (INDEX, "SELECT 1", ("create_index", "people", "people_name")),
        ("WHERE age > 3", "WHERE age > 4", ("alter_index", "people", "people_name")),
        (VERSION, "CREATE TABLE extra (id INTEGER)", ("drop_table", "extra", "")),
        ("age > 17", "age > 20", ("alter_view", "", "grown")),
        (TRIGGER, "SELECT 1", ("create_trigger", "people", "touched")),
    ],
)
def test_it_finds(
    was: str, now: str, difference: tuple[str, str, str], tmp_path: Path, expected: ExpectedSchema
) -> None:
    target = make(tmp_path / "real.db", *(statement.replace(was, now) for statement in MADE))

    found = compare_schema(target, expected, SCOPE, timeout=5)

    assert difference in [(d.operation, d.table, d.name) for d in found]


def test_ignored_tables_are_not_the_revisions(tmp_path: Path, expected: ExpectedSchema) -> None:
    target = make(tmp_path / "real.db", *MADE, "CREATE TABLE audit_log (id INTEGER PRIMARY KEY, at TEXT UNIQUE)")

    assert compare_schema(target, expected, Scope("alembic_version", "", ("audit_*",)), timeout=5) == ()


def test_a_file_that_is_missing_is_told_and_not_made(tmp_path: Path, expected: ExpectedSchema) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        compare_schema(sqlite_target(tmp_path / "missing.db"), expected, SCOPE, timeout=5)

    assert not (tmp_path / "missing.db").exists()
