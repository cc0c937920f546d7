"""Who blocks whom around a run, and what may be ended of it, with real sessions that wait for each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import Contender, LockHeld, Part, RunLock, database_for
from tests.databases.conftest import open_transaction
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]


@contextmanager
def working_session(server: Server, database: str, *statements: str, lock: RunLock | None = None) -> Iterator[int]:
    """A session in whose transaction `statements` are executed by a thread; of the run where `lock` is given."""
    connection = server.connect(database, application_name="a run" if lock else "an application")
    cursor = connection.cursor()
    if lock:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s, %s)", lock.challenge["lock_key"])
    cursor.execute("SELECT pg_backend_pid()")
    pid = cursor.fetchone()[0]

    def work() -> None:
        try:
            cursor.execute("BEGIN")
            for statement in statements:
                cursor.execute(statement)
        except Exception as error:
            errors.append(str(error))

    errors: list[str] = []
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield pid
    connection.cancel()
    thread.join(timeout=5)
    connection.close()


def seen(lock: RunLock, until: Callable[[tuple[Contender, ...]], bool]) -> tuple[Contender, ...]:
    end = time.monotonic() + 10
    while not until(found := lock.contention(timeout=5)):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


@pytest.mark.fault(24)
def test_it_names_who_waits_who_blocks_and_who_queues_behind(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE orders (id int)")
    database = database_for(target)
    with ExitStack() as stack:
        lock = stack.enter_context(database.hold_run_lock(wait=0))
        assert lock.contention(timeout=5) == ()
        blocker = stack.enter_context(working_session(postgres_server, target.name, "INSERT INTO orders VALUES (1)"))
        time.sleep(0.2)
        run = stack.enter_context(
            working_session(postgres_server, target.name, "ALTER TABLE orders ADD x int", lock=lock)
        )
        seen(lock, lambda found: len(found) == 2)
        reader = stack.enter_context(working_session(postgres_server, target.name, "SELECT * FROM orders"))

        waits, blocks, queues = seen(lock, lambda found: len(found) == 3)

    assert (waits.part, waits.pid, waits.blocked_by) == (Part.WAITS, run, (blocker,))
    assert (waits.lock, waits.relation, waits.query) == (
        "AccessExclusiveLock",
        "orders",
        "ALTER TABLE orders ADD x int",
    )
    assert (blocks.part, blocks.pid, blocks.user) == (Part.BLOCKS, blocker, postgres_server.admin)
    assert (blocks.application, blocks.lock) == ("an application", "RowExclusiveLock")
    assert blocks.query == "INSERT INTO orders VALUES (1)" and blocks.since is not None
    assert (queues.part, queues.pid) == (Part.QUEUES, reader)
    assert waits.since is not None and queues.since is not None and waits.since < queues.since


def test_the_chain_is_followed_to_whoever_holds_it_up(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    with ExitStack() as stack:
        lock = stack.enter_context(database_for(target).hold_run_lock(wait=0))
        root = stack.enter_context(working_session(postgres_server, target.name, "LOCK TABLE a"))
        time.sleep(0.1)
        middle = stack.enter_context(
            working_session(postgres_server, target.name, "LOCK TABLE b", "LOCK TABLE a IN SHARE MODE")
        )
        time.sleep(0.1)
        stack.enter_context(working_session(postgres_server, target.name, "SELECT * FROM b", lock=lock))

        found = seen(lock, lambda found: len(found) == 3)

    assert {(c.part, c.pid) for c in found[1:]} == {(Part.BLOCKS, root), (Part.BLOCKS, middle)}
    assert next(c.blocked_by for c in found if c.pid == middle) == (root,)


@pytest.mark.fault(23)
def test_whoever_writes_to_the_version_table_beside_the_run_is_named(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE alembic_version (version_num text)")
    with ExitStack() as stack:
        lock = stack.enter_context(database_for(target).hold_run_lock(wait=0))
        other = stack.enter_context(
            working_session(postgres_server, target.name, "INSERT INTO alembic_version VALUES ('r9')")
        )

        [contender] = seen(lock, lambda found: bool(found))

    assert (contender.part, contender.pid, contender.relation) == (Part.WRITES, other, "alembic_version")


@pytest.mark.fault(23)
def test_a_run_does_not_begin_while_somebody_writes_to_the_version_table(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE alembic_version (version_num text)")
    database = database_for(target)

    with (
        open_transaction(postgres_server, target.name, "INSERT INTO alembic_version VALUES ('r9')"),
        pytest.raises(LockHeld, match=f"changing the version table just now .*user {postgres_server.admin}"),
        database.hold_run_lock(wait=0.2),
    ):
        pass

    with database.hold_run_lock(wait=0):
        pass


@pytest.mark.fault(7)
def test_only_sessions_of_runs_are_cancelled_or_terminated(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    database = database_for(target)
    with ExitStack() as stack:
        with database.hold_run_lock(wait=0) as lock:
            child = working_session(postgres_server, target.name, "SELECT pg_sleep(60)", lock=lock)
            pid = stack.enter_context(child)
        other = stack.enter_context(working_session(postgres_server, target.name, "SELECT pg_sleep(60)"))
        busy = "SELECT pid FROM pg_stat_activity WHERE pid IN (%s, %s) AND state = 'active' ORDER BY pid"
        wait_until(lambda: len(execute(busy, pid, other)) == 2)

        assert database.cancel_statements(timeout=5) == 1
        wait_until(lambda: execute(busy, pid, other) == [(other,)])
        assert [s.pid for s in database.sessions_of_runs()] == [pid], "it lives on, only its statement ended"

        assert database.terminate_sessions(timeout=5) == 1
        wait_until(lambda: database.sessions_of_runs() == ())
        assert execute(busy, pid, other) == [(other,)]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
