"""A backup of a SQLite file holds all that was committed, in one file, or there is none."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.databases.backup import (
    BackupFailed,
    BackupFile,
    BackupRejected,
    BackupUnavailable,
    Progress,
    check_backup,
    hash_backup,
    read_through,
    take_backup,
)
from tests.databases.conftest import sqlite_target

ROWS = 20_000


def make(path: Path, mode: str = "DELETE") -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.executescript(
        "BEGIN; CREATE TABLE alembic_version AS SELECT 'a1' AS version_num; CREATE TABLE big (n INTEGER, text TEXT);"
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000)"
        " INSERT INTO big SELECT n, hex(randomblob(30)) FROM c; CREATE INDEX big_text ON big (text); COMMIT"
    )
    return connection


@pytest.fixture
def made(tmp_path: Path) -> None:
    """A database at `x.db`."""
    make(tmp_path / "x.db").close()


def take(folder: Path, **changes: Any) -> BackupFile:
    settings: dict[str, Any] = {
        "directory": folder / "backups",
        "stem": "api-development-1",
        "tools": "",
        "progress": lambda done: None,
        "deadline": 30,
        "stop": lambda: False,
    }
    return take_backup(sqlite_target(folder / "x.db"), **(settings | changes))


def rows_of(path: Path, table: str = "big") -> int:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return count


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").glob("*"))


def test_it_holds_everything(tmp_path: Path) -> None:
    make(tmp_path / "x.db").close()
    before = datetime.now(UTC)
    seen: list[Progress] = []

    backup = take(tmp_path, progress=seen.append)

    assert before <= backup.taken_at <= datetime.now(UTC)
    assert backup.path == tmp_path / "backups" / "api-development-1.db"
    assert (backup.size, backup.sha256) == hash_backup(backup.path)
    assert backup.tables == 2
    assert (seen[-1].bytes, seen[-1].tables) == (backup.size, 2)
    assert rows_of(backup.path) == ROWS
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert backup.path.parent.stat().st_mode & 0o777 == 0o700
    assert leftovers(tmp_path) == ["api-development-1.db"]


@pytest.mark.fault(41)
def test_the_last_committed_row_of_a_wal_is_in_it(tmp_path: Path) -> None:
    writer = make(tmp_path / "x.db", "WAL")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.execute("INSERT INTO big VALUES (0, 'the last row')")
    assert (tmp_path / "x.db-wal").stat().st_size > 0

    backup = take(tmp_path)

    assert rows_of(backup.path) == ROWS + 1
    assert leftovers(tmp_path) == ["api-development-1.db"]
    read_through(sqlite_target(tmp_path / "x.db"), backup.path, tools="", deadline=30)
    assert leftovers(tmp_path) == ["api-development-1.db"]
    writer.close()


def test_a_wal_database_that_nobody_uses_gets_no_file_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "x.db", "WAL").close()

    backup = take(tmp_path)

    assert rows_of(backup.path) == ROWS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "x.db"]


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_what_is_written_meanwhile_tears_nothing(tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.databases.sqlite.copy.PAGES_A_STEP", 50)
    writer = make(tmp_path / "x.db", mode)
    written: list[Progress] = []

    def write(done: Progress) -> None:
        if len(written) < 3:
            writer.execute("UPDATE big SET text = hex(randomblob(30)) WHERE n % 100 = 0")
            writer.execute("INSERT INTO big VALUES (0, 'late')")
            written.append(done)

    backup = take(tmp_path, progress=write)

    assert len(written) == 3
    assert rows_of(backup.path) in range(ROWS, ROWS + 4)
    assert read_through(sqlite_target(tmp_path / "x.db"), backup.path, tools="", deadline=30).entries == 3
    writer.close()


def test_a_missing_database_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BackupUnavailable, match="does not exist"):
        check_backup(sqlite_target(tmp_path / "x.db"), directory=tmp_path, tools="", timeout=1)
    with pytest.raises(BackupUnavailable):
        take(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(32)
@pytest.mark.usefixtures("made", "small_disk")  # in this order: the database itself needs its place
def test_a_full_disk_leaves_no_partial_file(tmp_path: Path, small_disk: Path) -> None:
    with pytest.raises(BackupFailed):
        take(tmp_path, directory=small_disk / "backups")

    assert leftovers(small_disk) == []


@pytest.mark.fault(40)
def test_a_locked_database_ends_the_backup_by_its_own_lock_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.databases.sqlite.copy.LONGEST_LOCK_WAIT", 0.3)
    writer = make(tmp_path / "x.db")
    writer.execute("BEGIN EXCLUSIVE")

    with pytest.raises(BackupFailed, match="locked by a writer"):
        take(tmp_path)

    assert leftovers(tmp_path) == []
    writer.close()


@pytest.mark.parametrize("end", [{"stop": lambda: True}, {"deadline": 0.0}], ids=["stopped", "past its deadline"])
def test_an_ended_backup_leaves_no_partial_file(
    tmp_path: Path, end: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.databases.sqlite.copy.PAGES_A_STEP", 50)
    make(tmp_path / "x.db").close()

    with pytest.raises(BackupFailed, match="The backup was ended"):
        take(tmp_path, **end)

    assert leftovers(tmp_path) == []


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])


def _flip_header(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096] ^= 0xFF
    path.write_bytes(content)


def _replace(path: Path) -> None:
    path.write_text("no database at all, " * 100)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_empty, marks=pytest.mark.fault(33)),
        pytest.param(_truncate, marks=pytest.mark.fault(34)),
        pytest.param(_flip_header, marks=pytest.mark.fault(35)),
        pytest.param(_replace, marks=pytest.mark.fault(37)),
    ],
)
def test_a_damaged_backup_is_rejected(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    make(tmp_path / "x.db").close()
    backup = take(tmp_path)
    damage(backup.path)

    assert hash_backup(backup.path) != (backup.size, backup.sha256)
    with pytest.raises(BackupRejected):
        read_through(sqlite_target(tmp_path / "x.db"), backup.path, tools="", deadline=30)


@pytest.mark.fault(35)
def test_a_flipped_byte_inside_a_row_is_seen_by_its_hash(tmp_path: Path) -> None:
    make(tmp_path / "x.db").close()
    backup = take(tmp_path)
    content = bytearray(backup.path.read_bytes())
    content[content.index(b"a1", 4096)] ^= 1
    backup.path.write_bytes(content)

    assert hash_backup(backup.path) != (backup.size, backup.sha256)


def test_its_hash_is_what_sha256sum_says(tmp_path: Path) -> None:
    make(tmp_path / "x.db").close()
    backup = take(tmp_path)

    said = subprocess.run(["sha256sum", backup.path], capture_output=True, check=True)

    assert said.stdout.split()[0].decode() == backup.sha256
