"""Many databases at once, some of them dead."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import Database, database_for, observe_many
from dashboard.revisions.status import Reason, VersionReading
from tests.databases.conftest import sqlite_target, target_of
from tests.postgresql import Server


@pytest.mark.fault(49)
def test_200_databases_with_ten_silent_hosts_are_read_in_five_seconds(tmp_path: Path, target: DatabaseTarget) -> None:
    databases: dict[str, Database] = {}
    for number in range(190):
        path = tmp_path / f"{number}.db"
        connection = sqlite3.connect(path)
        connection.executescript(f"CREATE TABLE alembic_version AS SELECT 'r{number}' AS version_num")
        connection.close()
        databases[f"live{number}"] = database_for(sqlite_target(path))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        dead = replace(target, port=silent.getsockname()[1])
        databases = {f"dead{number}": database_for(dead) for number in range(10)} | databases
        started = time.monotonic()

        readings = observe_many(databases, deadline=5, concurrency=16)

        assert time.monotonic() - started < 5.5
    assert list(readings) == list(databases)
    assert all(readings[f"live{number}"].rows == (f"r{number}",) for number in range(190))
    assert all(readings[f"dead{number}"].reason is Reason.TIMEOUT for number in range(10))


def test_many_postgresql_environments_are_read_at_once(postgres_server: Server, postgres_database: str) -> None:
    connection = postgres_server.connect(postgres_database)
    with connection.cursor() as cursor:
        for number in range(40):
            cursor.execute(f"CREATE SCHEMA s{number}")
            cursor.execute(f"CREATE TABLE s{number}.alembic_version AS SELECT 'r{number}' AS version_num")
    connection.close()
    target = target_of(postgres_server, postgres_database)
    databases = {n: database_for(target, version_table_schema=f"s{n}") for n in range(40)}

    readings = observe_many(databases, deadline=10)

    assert {n: reading.rows for n, reading in readings.items()} == {n: (f"r{n}",) for n in range(40)}


@pytest.mark.fault(49)
def test_more_silent_hosts_than_threads_leave_time_for_the_rest(
    postgres_server: Server, target: DatabaseTarget
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        dead = database_for(replace(target, port=silent.getsockname()[1]))
        databases = {f"dead{n}": dead for n in range(4)} | {"live": database_for(target)}

        readings = observe_many(databases, deadline=2, concurrency=4)

    assert readings["live"].reason is Reason.NO_TABLE
    assert all(readings[f"dead{n}"].reason is Reason.TIMEOUT for n in range(4))


@pytest.mark.fault(47)
def test_what_never_returns_is_left_behind() -> None:
    release = threading.Event()

    def hang() -> VersionReading:
        release.wait()
        return VersionReading()

    def answer() -> VersionReading:
        return VersionReading(rows=("a1",))

    started = time.monotonic()
    readings = observe_many({"hanging": hang, "quick": answer}, deadline=0.5)
    release.set()

    assert readings["hanging"].reason is Reason.TIMEOUT
    assert readings["quick"].rows == ("a1",)
    assert time.monotonic() - started < 1.5


@pytest.mark.fault(47)
def test_a_server_that_freezes_after_the_connection_is_a_timeout(
    postgres_server: Server, target: DatabaseTarget
) -> None:
    postmaster = _postmaster(postgres_server)
    os.kill(postmaster, signal.SIGSTOP)
    try:
        started = time.monotonic()
        reading = database_for(target).observe(timeout=0.5)
    finally:
        os.kill(postmaster, signal.SIGCONT)

    assert reading.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 1.5


def test_a_surprise_of_one_costs_the_others_nothing() -> None:
    def fail() -> VersionReading:
        raise RuntimeError("postgresql://admin:secret@db/app")

    readings = observe_many({"bad": fail, "good": lambda: VersionReading(rows=("a1",))}, deadline=2)

    assert readings["bad"].reason is Reason.REFUSED
    assert "secret" not in readings["bad"].detail
    assert readings["good"].rows == ("a1",)


def _postmaster(server: Server) -> int:
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
        folder = Path(cursor.fetchone()[0])
    connection.close()
    return int((folder / "postmaster.pid").read_text().split()[0])
