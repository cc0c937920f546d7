"""Whatever a revision can do to a SQLite schema changes its digest; layout and rows do not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dashboard.databases import DatabaseUnavailable, database_for
from tests.databases.conftest import sqlite_target

SCHEMA = "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT DEFAULT 'a  b')"


def digest(folder: Path, name: str, *statements: str) -> str:
    connection = sqlite3.connect(folder / name)
    connection.executescript(";".join(statements))
    connection.close()
    return database_for(sqlite_target(folder / name)).schema_digest(timeout=2)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id)",
        "ALTER TABLE users ADD COLUMN more",
        "ALTER TABLE users RENAME COLUMN name TO title",
        "CREATE INDEX more ON users (name)",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER INSERT ON users BEGIN SELECT 1; END",
        "DROP TABLE users",
    ],
)
def test_a_change_is_seen(tmp_path: Path, change: str) -> None:
    assert digest(tmp_path, "a.db", SCHEMA) != digest(tmp_path, "b.db", SCHEMA, change)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO users (name) VALUES ('x'); ANALYZE",
        "CREATE TABLE more (id); DROP TABLE more; VACUUM",
        "BEGIN; CREATE TABLE more (id); ROLLBACK",
    ],
)
def test_what_leaves_the_schema_the_same_is_not(tmp_path: Path, change: str) -> None:
    assert digest(tmp_path, "a.db", SCHEMA) == digest(tmp_path, "b.db", SCHEMA, change)


def test_layout_does_not_count_but_quoted_space_does(tmp_path: Path) -> None:
    plain = digest(tmp_path, "a.db", SCHEMA)

    assert plain == digest(tmp_path, "b.db", SCHEMA.replace("(id", "(id\n\t"))
    assert plain != digest(tmp_path, "c.db", SCHEMA.replace("a  b", "a b"))


def test_a_missing_file_gives_no_digest(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        database_for(sqlite_target(tmp_path / "none.db")).schema_digest(timeout=1)
