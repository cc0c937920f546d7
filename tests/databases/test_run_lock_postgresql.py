"""One run at a time a version table, for as long as any session of the run lives."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import Database, LockHeld, LockUnavailable, RunLock, database_for
from tests.databases.conftest import open_transaction
from tests.databases.transaction_pool import transaction_pool
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]


@contextmanager
def child_session(server: Server, database: str, lock: RunLock, application: str = "a run") -> Iterator[int]:
    """A session that does what a child does; its pid."""
    connection = server.connect(database, application_name=application)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s, %s), pg_backend_pid()", lock.challenge["lock_key"])
        taken, pid = cursor.fetchone()
        assert taken
    yield pid
    connection.close()


@pytest.mark.fault(21)
def test_a_second_run_is_refused_and_told_who_runs(target: DatabaseTarget, postgres_server: Server) -> None:
    database = database_for(target)

    with (
        database.hold_run_lock(wait=0) as lock,
        pytest.raises(LockHeld) as held,
        database.hold_run_lock(wait=0.2),
    ):
        pass

    assert f"user {postgres_server.admin}" in held.value.detail
    assert "alembic-dashboard lock" in held.value.detail
    assert not lock.is_held()
    with database.hold_run_lock(wait=0) as again:
        assert again.is_held()


@pytest.mark.fault(22)
def test_a_lock_that_is_given_up_in_time_is_had(target: DatabaseTarget) -> None:
    database = database_for(target)
    first = database.hold_run_lock(wait=0)
    first.__enter__()
    started = time.monotonic()

    threading.Timer(0.4, lambda: first.__exit__(None, None, None)).start()
    with database.hold_run_lock(wait=5) as lock:
        assert lock.is_held()

    assert 0.3 < time.monotonic() - started < 3


@pytest.mark.fault(15)
def test_the_challenge_is_seen_in_the_same_database_only(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    seen = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid::bigint = %s AND objid::bigint = %s"
    )
    with database_for(target).hold_run_lock(wait=0) as lock:
        challenge = json.loads(json.dumps(lock.challenge))
        key = challenge["challenge_key"]
        here = execute(seen, key >> 32, key & 0xFFFFFFFF)
        elsewhere = postgres_server.connect()
        with elsewhere.cursor() as cursor:
            cursor.execute(seen, (key >> 32, key & 0xFFFFFFFF))
            there = cursor.fetchall()
        elsewhere.close()

    assert (here, there) == ([(1,)], [(0,)])
    assert challenge["kind"] == "postgresql"


@pytest.mark.fault(7)
def test_a_surviving_session_of_an_earlier_run_keeps_the_next_one_out(
    target: DatabaseTarget, postgres_server: Server
) -> None:
    database = database_for(target)
    with database.hold_run_lock(wait=0) as lock:
        child = child_session(postgres_server, target.name, lock, "alembic-dashboard run 7")
        pid = child.__enter__()
        assert [(s.pid, s.user, s.application) for s in lock.sessions()] == [
            (pid, postgres_server.admin, "alembic-dashboard run 7")
        ]

    # The worker is gone, its child's backend is not.
    with pytest.raises(LockHeld) as held, database.hold_run_lock(wait=0):
        pass
    [session] = database.sessions_of_runs()

    assert f"pid {pid}" in held.value.detail
    assert session.pid == pid
    assert session.since is not None
    assert "pg_try_advisory_lock_shared" in session.query
    child.__exit__(None, None, None)
    with database.hold_run_lock(wait=5) as lock:
        assert lock.sessions() == ()


def test_a_role_without_rights_is_told_of_others_sessions_too(
    target: DatabaseTarget, postgres_server: Server, role: str
) -> None:
    plain = database_for(replace(target, user=role, password="plain-secret"))
    with (
        database_for(target).hold_run_lock(wait=0) as lock,
        child_session(postgres_server, target.name, lock) as pid,
    ):
        [session] = plain.sessions_of_runs()

    assert (session.pid, session.application, session.query) == (pid, "a run", "")


@pytest.mark.fault(78)
def test_two_schemas_of_one_database_do_not_block_each_other(target: DatabaseTarget) -> None:
    one, other = (database_for(target, version_table_schema=schema) for schema in ("one", "other"))

    with one.hold_run_lock(wait=0) as first, other.hold_run_lock(wait=0) as second:
        assert first.is_held()
        assert second.is_held()


def test_a_schema_that_is_named_and_one_that_is_found_are_the_same(target: DatabaseTarget) -> None:
    with (
        database_for(target).hold_run_lock(wait=0),
        pytest.raises(LockHeld),
        database_for(target, version_table_schema="public").hold_run_lock(wait=0),
    ):
        pass


@pytest.mark.fault(8)
def test_a_lock_whose_session_was_ended_is_known_to_be_lost(target: DatabaseTarget, execute: Execute) -> None:
    with database_for(target).hold_run_lock(wait=0) as lock:
        assert lock.is_held()
        execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'alembic-dashboard lock' AND datname = current_database()"
        )
        assert not lock.is_held()


@pytest.mark.fault(25)
def test_nobody_waits_in_the_servers_queue(target: DatabaseTarget, execute: Execute) -> None:
    database = database_for(target)
    execute("CREATE TABLE big AS SELECT n FROM generate_series(1, 1000) n")
    with database.hold_run_lock(wait=0):
        waiter = threading.Thread(target=_be_refused, args=(database,))
        waiter.start()
        time.sleep(0.3)
        started = time.monotonic()
        execute("CREATE INDEX CONCURRENTLY big_n ON big (n)")
        took = time.monotonic() - started
        waiter.join()

    assert took < 1.5


def _be_refused(database: Database) -> None:
    with pytest.raises(LockHeld), database.hold_run_lock(wait=2):
        pass


@pytest.mark.fault(28)
def test_a_pool_in_transaction_mode_is_refused_with_advice(target: DatabaseTarget, postgres_server: Server) -> None:
    with transaction_pool(postgres_server.host, postgres_server.port) as port:
        pooled = database_for(replace(target, port=port))
        assert pooled.observe(timeout=5).server

        with pytest.raises(LockUnavailable) as refused, pooled.hold_run_lock(wait=0):
            pass

    assert "address of the server itself" in refused.value.detail
    with database_for(target).hold_run_lock(wait=5) as lock:
        assert lock.is_held()


def test_a_server_that_is_not_there_gives_no_lock(target: DatabaseTarget) -> None:
    with (
        pytest.raises(LockUnavailable, match="Check host and port"),
        database_for(replace(target, port=1)).hold_run_lock(wait=0),
    ):
        pass


def test_what_the_run_raises_passes_through(target: DatabaseTarget) -> None:
    database = database_for(target)

    with pytest.raises(ZeroDivisionError), database.hold_run_lock(wait=0):
        raise ZeroDivisionError

    with database.hold_run_lock(wait=0) as lock:
        assert lock.is_held()


def test_the_version_table_is_read_under_the_lock(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE alembic_version AS SELECT 'a1' AS version_num")
    with database_for(target).hold_run_lock(wait=0) as lock:
        assert lock.read().rows == ("a1",)
        with open_transaction(postgres_server, target.name, "LOCK TABLE alembic_version"):
            assert lock.read().reason is not None
        assert lock.is_held()
