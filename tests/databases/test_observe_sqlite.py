"""How a SQLite version table is read, and that reading leaves no trace beside the file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.databases import database_for
from dashboard.revisions.status import Reason, VersionReading
from tests.databases.conftest import sqlite_target


def observe(path: Path, **settings: str) -> VersionReading:
    return database_for(sqlite_target(path), **settings).observe(timeout=2)


def make(path: Path, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection


VERSION_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('b2'), ('a1')",
)


def test_it_reads_several_rows(tmp_path: Path) -> None:
    path = tmp_path / "a b?#%.db"
    make(path, *VERSION_TABLE).close()

    reading = observe(path)

    assert (reading.rows, reading.reason) == (("a1", "b2"), None)
    assert reading.server == f"SQLite {sqlite3.sqlite_version}"
    assert reading.identity == f"{path.stat().st_dev}:{path.stat().st_ino}"


@pytest.mark.fault(51)
def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    reading = observe(tmp_path / "none.db")

    assert reading.reason is Reason.NO_DATABASE
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    assert observe(tmp_path).reason is Reason.NO_DATABASE


def test_a_pipe_is_not_waited_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert observe(tmp_path / "pipe").reason is Reason.NO_DATABASE


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()

    assert observe(tmp_path / "new.db").reason is Reason.NO_TABLE


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["CREATE TABLE users (id)"], Reason.SCHEMA_NOT_EMPTY),
        (["CREATE TABLE Alembic_Version (version_num TEXT)"], Reason.EMPTY_TABLE),
        (["CREATE TABLE alembic_version (id)"], Reason.NOT_A_VERSION_TABLE),
        (["CREATE VIEW alembic_version AS SELECT 'a' AS version_num"], Reason.NOT_A_VERSION_TABLE),
        (["CREATE TABLE alembic_version AS SELECT 1 AS version_num"], Reason.NOT_A_VERSION_TABLE),
    ],
)
@pytest.mark.fault(48)
def test_what_is_there_instead_of_a_version_is_told(tmp_path: Path, statements: list[str], reason: Reason) -> None:
    make(tmp_path / "x.db", *statements).close()

    assert observe(tmp_path / "x.db").reason is reason


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database, but long enough to have a header of its own" * 20)

    reading = observe(tmp_path / "x.db")

    assert reading.reason is Reason.NOT_A_VERSION_TABLE
    assert "not a SQLite database" in reading.detail


@pytest.mark.fault(48)
def test_a_file_without_the_right_to_read_it_is_told() -> None:
    folder = Path("/tmp") / f"dashboard-test-{os.getpid()}"  # pytest's own folders are closed to others
    folder.mkdir(mode=0o755)
    path = folder / "x.db"
    try:
        make(path, *VERSION_TABLE).close()
        path.chmod(0)
        account = os.geteuid()
        if account == 0:  # whom permissions do not stop
            os.seteuid(65534)
        try:
            reading = observe(path)
        finally:
            os.seteuid(account)
    finally:
        shutil.rmtree(folder)

    assert reading.reason is Reason.PERMISSION


@pytest.mark.fault(48)
def test_a_file_locked_by_a_writer_is_told(tmp_path: Path) -> None:
    writer = make(tmp_path / "x.db", *VERSION_TABLE, "BEGIN EXCLUSIVE")

    assert observe(tmp_path / "x.db").reason is Reason.LOCKED

    writer.close()


@pytest.mark.fault(51)
def test_a_wal_database_that_nobody_uses_is_read_without_a_new_file(tmp_path: Path) -> None:
    make(tmp_path / "x.db", "PRAGMA journal_mode=WAL", *VERSION_TABLE).close()

    reading = observe(tmp_path / "x.db")

    assert reading.rows == ("a1", "b2")
    assert [p.name for p in tmp_path.iterdir()] == ["x.db"]


@pytest.mark.fault(51)
def test_a_wal_database_in_use_is_read_with_its_last_commit(tmp_path: Path) -> None:
    writer = make(tmp_path / "x.db", "PRAGMA journal_mode=WAL", *VERSION_TABLE)
    before = sorted(p.name for p in tmp_path.iterdir())
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO alembic_version VALUES ('uncommitted')")

    reading = observe(tmp_path / "x.db")

    assert reading.rows == ("a1", "b2")
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    writer.close()


@pytest.mark.fault(51)
def test_a_wal_that_nobody_recovered_is_read_without_touching_it(tmp_path: Path) -> None:
    writer = make(tmp_path / "x.db", "PRAGMA journal_mode=WAL", *VERSION_TABLE)
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "x.db", copy)
    shutil.copy(tmp_path / "x.db-wal", copy)
    writer.close()

    reading = observe(copy / "x.db")

    assert reading.rows == ("a1", "b2")
    assert sorted(p.name for p in copy.iterdir()) == ["x.db", "x.db-wal"]


def test_an_interrupted_transaction_is_not_rolled_back_by_reading(tmp_path: Path) -> None:
    make(tmp_path / "x.db", *VERSION_TABLE).close()
    crash = (
        "import os, sqlite3; c = sqlite3.connect('x.db', isolation_level=None)\n"
        "c.execute('PRAGMA cache_size=1'); c.execute('BEGIN'); c.execute('CREATE TABLE t (a)')\n"
        "for _ in range(500): c.execute('INSERT INTO t VALUES (hex(randomblob(500)))')\n"
        "os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", crash], cwd=tmp_path, check=False)
    journal = (tmp_path / "x.db-journal").read_bytes()

    reading = observe(tmp_path / "x.db")

    assert reading.reason is Reason.LOCKED
    assert "roll-back" in reading.detail
    assert (tmp_path / "x.db-journal").read_bytes() == journal


def test_a_schema_is_nothing_that_sqlite_has(tmp_path: Path) -> None:
    make(tmp_path / "x.db", *VERSION_TABLE).close()

    assert observe(tmp_path / "x.db", version_table_schema="tenant").reason is Reason.NOT_CONFIGURED
