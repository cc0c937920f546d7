"""A backup of SQLite is restored into a marked temporary file, compared, and nothing of it stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.databases.backup import BackupFile, BackupRejected, Progress, take_backup
from dashboard.databases.contents import Contents, list_differences
from dashboard.databases.scratch import (
    ScratchPlace,
    ScratchUnavailable,
    make_marker,
    read_copy,
    restore_into,
    scratch_database,
    sweep,
)
from tests.databases.conftest import sqlite_target

OURS, OTHERS = "0123456789abcdef", "fedcba9876543210"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ODD = '"100% ""odd"" name"'
EVERYTHING = """
CREATE TABLE "100% ""odd"" name" (n INTEGER PRIMARY KEY, r REAL, t TEXT, b BLOB, doubled GENERATED ALWAYS AS (n * 2));
INSERT INTO "100% ""odd"" name" VALUES (1, 0.1, 'x', x'00ff'), (2, 1e308, CAST(x'ff' AS TEXT), NULL), (3, 2, '2', x'32');
CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pairs VALUES (1, 'one'), ('1', 'one');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('a1');
CREATE INDEX by_text ON "100% ""odd"" name" (t);
CREATE VIEW few AS SELECT a FROM pairs;
"""


@pytest.fixture(params=["DELETE", "WAL"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> sqlite3.Connection:
    """An open, filled database in either journal mode."""
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={request.param}")
    connection.executescript(EVERYTHING)
    return connection


def take(folder: Path, progress: Callable[[Progress], None] = lambda progress: None) -> BackupFile:
    return take_backup(
        sqlite_target(folder / "x.db"), directory=folder / "backups", stem="x", tools="", progress=progress,
        deadline=30, stop=lambda: False,
    )  # fmt: skip


def contents_of(backup: BackupFile) -> Contents:
    assert backup.contents is not None
    return backup.contents


def restored(backup: BackupFile, change: str = "") -> Contents:
    place, told = ScratchPlace(folder=backup.path.parent), list[int]()
    with scratch_database(place, contents_of(backup).origin, make_marker(OURS, "proof:7", NOW)) as target:
        restore_into(target, backup.path, tools="", deadline=30, progress=told.append)
        assert told[0] == 0 and told[-1] == Path(target.name).stat().st_size == contents_of(backup).origin.size
        assert {file.stat().st_mode & 0o077 for file in Path(target.name).parent.glob("*.db")} == {0}
        connection = sqlite3.connect(target.name)
        connection.executescript(change)
        connection.close()
        found = read_copy(target, deadline=30)
    assert [path.name for path in backup.path.parent.iterdir()] == ["x.db"]
    return found


@pytest.mark.usefixtures("database")
def test_a_restored_copy_equals_the_database(tmp_path: Path) -> None:
    backup = take(tmp_path)

    assert list_differences(contents_of(backup), restored(backup)) == ()
    assert {t.name: t.rows for t in contents_of(backup).tables} == {
        ODD: 3, '"pairs"': 2, '"alembic_version"': 1,
    }  # fmt: skip


@pytest.mark.fault(45)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE pairs SET b = 'two' WHERE a = 1", '"pairs": different in its rows'),
        (f"UPDATE {ODD} SET b = '2' WHERE n = 3", f"{ODD}: different in its rows"),
        ("DELETE FROM pairs WHERE a = 1", '"pairs" holds 1 rows, not 2.'),
        ("DROP INDEX by_text", "The schema differs in: schema."),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_copy_that_differs_is_told_with_the_table(tmp_path: Path, change: str, words: str) -> None:
    backup = take(tmp_path)

    differences = list_differences(contents_of(backup), restored(backup, change))

    assert differences and differences[0].startswith(words)


def test_what_is_written_meanwhile_makes_no_difference(tmp_path: Path, database: sqlite3.Connection) -> None:
    written: list[Progress] = []

    def write(progress: Progress) -> None:
        if len(written) < 2:
            database.execute("INSERT INTO pairs VALUES (?, 'late')", (len(written) + 100,))
            written.append(progress)

    backup = take(tmp_path, write)

    assert written and list_differences(contents_of(backup), restored(backup)) == ()


@pytest.mark.usefixtures("database")
def test_a_file_that_is_none_any_more_does_not_restore(tmp_path: Path) -> None:
    backup = take(tmp_path)
    backup.path.write_bytes(b"nothing of a database" * 1000)

    with pytest.raises(BackupRejected, match="does not restore"):
        restored(backup)

    assert [path.name for path in backup.path.parent.iterdir()] == ["x.db"]


@pytest.mark.fault(81)
@pytest.mark.usefixtures("database")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, small_disk: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.executescript("CREATE TABLE bulky AS SELECT randomblob(400000) AS b")
    connection.close()
    backup = take(tmp_path)
    place = ScratchPlace(folder=small_disk)

    with (
        scratch_database(place, contents_of(backup).origin, make_marker(OURS, "proof:7", NOW)) as target,
        pytest.raises(ScratchUnavailable, match=r"Make room\."),
    ):
        restore_into(target, backup.path, tools="", deadline=30)

    assert list(small_disk.iterdir()) == []


@pytest.mark.fault(46)
def test_sweeping_removes_what_a_crash_left_and_nothing_else(tmp_path: Path) -> None:
    def leave(name: str, marker: Any) -> Path:
        place = tmp_path / name
        place.mkdir()
        (place / "copy.db").write_text("x")
        if marker:
            (place / "marker").write_text(str(marker))
        return place

    dead = leave("dashboard_scratch_dead", make_marker(OURS, "proof:1", NOW))
    kept = [
        leave("dashboard_scratch_alive", make_marker(OURS, "proof:2", NOW)),
        leave("dashboard_scratch_theirs", make_marker(OTHERS, "proof:1", NOW)),
        leave("dashboard_scratch_unmarked", None),
        leave("dashboard_scratch_strange", "something else"),
        leave("namesake", make_marker(OURS, "proof:1", NOW)),
    ]
    (tmp_path / "dashboard_scratch_link").symlink_to(leave("elsewhere", make_marker(OURS, "proof:1", NOW)))

    removed = sweep(ScratchPlace(folder=tmp_path), installation=OURS, is_alive=lambda owner: owner == "proof:2")

    assert removed == ("dashboard_scratch_dead",)
    assert not dead.exists() and all((place / "copy.db").exists() for place in kept)
    assert (tmp_path / "elsewhere" / "copy.db").exists()


def test_a_marker_that_could_not_be_read_again_is_not_made() -> None:
    with pytest.raises(ValueError, match="no marker can be made"):
        make_marker("short", "proof:1", NOW)
    with pytest.raises(ValueError, match="no marker can be made"):
        make_marker(OURS, "proof:1; owner=run:2", NOW)
