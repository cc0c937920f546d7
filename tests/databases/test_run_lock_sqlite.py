"""One run at a time a file, for as long as any process of the run lives."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.databases import Database, LockHeld, LockUnavailable, database_for
from tests.databases.conftest import sqlite_target


@pytest.fixture
def database(tmp_path: Path) -> Database:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE alembic_version AS SELECT 'a1' AS version_num")
    connection.close()
    return database_for(sqlite_target(path))


@pytest.fixture
def path(database: Database, tmp_path: Path) -> Path:
    """The file of `database`."""
    return tmp_path / "x.db"


@pytest.mark.fault(21)
def test_a_second_run_is_refused_and_told_who_runs(database: Database) -> None:
    with (
        database.hold_run_lock(wait=0) as lock,
        pytest.raises(LockHeld) as held,
        database.hold_run_lock(wait=0),
    ):
        pass

    assert f"pid {os.getpid()}" in held.value.detail
    assert lock.pass_fds
    with database.hold_run_lock(wait=0) as again:
        assert again.is_held()


@pytest.mark.fault(6)
def test_the_lock_lives_as_long_as_a_child_that_inherited_it(database: Database) -> None:
    with database.hold_run_lock(wait=0) as lock:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=lock.pass_fds)
        assert [session.pid for session in lock.sessions()] == [child.pid]

    with pytest.raises(LockHeld, match=f"pid {child.pid}"), database.hold_run_lock(wait=0):
        pass
    assert [session.pid for session in database.sessions_of_runs()] == [child.pid]

    child.communicate(b"\n")
    with database.hold_run_lock(wait=2) as lock:
        assert lock.sessions() == ()
    assert database.sessions_of_runs() == ()


def test_a_child_that_inherits_nothing_does_not_keep_the_lock(database: Database) -> None:
    with database.hold_run_lock(wait=0):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    with database.hold_run_lock(wait=0):
        pass
    child.communicate(b"\n")


@pytest.mark.fault(15)
def test_the_challenge_names_the_file_itself(database: Database, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    by_link = database_for(sqlite_target(tmp_path / "link.db"))

    with by_link.hold_run_lock(wait=0) as lock:
        challenge = json.loads(json.dumps(lock.challenge))
        with pytest.raises(LockHeld), database.hold_run_lock(wait=0):
            pass

    status = (tmp_path / "x.db").stat()
    assert challenge == {
        "kind": "sqlite",
        "device": status.st_dev,
        "inode": status.st_ino,
        "path": str(tmp_path / "x.db"),
    }


def test_a_lock_file_that_was_deleted_is_known_to_protect_no_more(database: Database, tmp_path: Path) -> None:
    with database.hold_run_lock(wait=0) as lock:
        assert lock.is_held()
        (tmp_path / "x.db.dashboard-lock").unlink()
        assert not lock.is_held()


def test_a_missing_file_gives_no_lock_and_is_not_created(tmp_path: Path) -> None:
    with (
        pytest.raises(LockUnavailable, match="does not exist"),
        database_for(sqlite_target(tmp_path / "none.db")).hold_run_lock(wait=0),
    ):
        pass

    assert list(tmp_path.iterdir()) == []


def test_the_version_table_and_the_schema_are_read_under_the_lock(database: Database) -> None:
    with database.hold_run_lock(wait=0) as lock:
        assert lock.read().rows == ("a1",)
        assert lock.schema_digest() == database.schema_digest(timeout=2)


def test_looking_at_sessions_creates_nothing(database: Database, tmp_path: Path) -> None:
    assert database.sessions_of_runs() == ()

    assert [p.name for p in tmp_path.iterdir()] == ["x.db"]


@pytest.mark.fault(23)
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_run_does_not_begin_in_the_middle_of_somebody_elses_transaction(path: Path, mode: str) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA journal_mode={mode}")
    other.execute("BEGIN IMMEDIATE")
    database = database_for(sqlite_target(path))

    with pytest.raises(LockHeld, match="in the middle of a transaction"), database.hold_run_lock(wait=0.2):
        pass

    other.execute("ROLLBACK")
    with database.hold_run_lock(wait=0.2) as lock:
        assert lock.is_held()
    other.close()


@pytest.mark.fault(7)
def test_a_process_that_a_run_left_behind_is_ended_and_nobody_who_only_looks(path: Path) -> None:
    database = database_for(sqlite_target(path))
    with database.hold_run_lock(wait=0) as lock:
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=lock.pass_fds)
    looking = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; f = open(sys.argv[1]); time.sleep(60)", f"{path}.dashboard-lock"]
    )
    with pytest.raises(LockHeld), database.hold_run_lock(wait=0):
        pass

    try:
        assert database.terminate_sessions(timeout=5) == 1

        assert left.wait(timeout=5) == -9
        assert looking.poll() is None
        with database.hold_run_lock(wait=1):
            pass
    finally:
        looking.kill()
        looking.wait()
