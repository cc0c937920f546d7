"""Which step of a rehearsal took a lock, and how long it was held."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dashboard.database_target import DatabaseTarget
from dashboard.databases import database_for
from dashboard.databases.measurement import HeldLock
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]


def test_a_lock_that_is_first_seen_in_the_next_step_is_of_the_step_that_took_it(
    target: DatabaseTarget, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE t (x integer)")
    database = database_for(target)
    session = postgres_server.connect(target.name)
    cursor = session.cursor()
    with database.hold_run_lock(wait=0) as lock, database.watch_locks() as watch:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", lock.challenge["lock_key"])
        cursor.execute("BEGIN")
        watch.begin(2)  # the look is taken after both were told, as where the first one is quick
        cursor.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            "SELECT relation::bigint, mode, virtualtransaction FROM pg_locks"
            " WHERE pid = pg_backend_pid() AND relation = 't'::regclass"
        )
        watch.end(1, [HeldLock(*row) for row in cursor.fetchall()])
        time.sleep(0.2)
        cursor.execute("COMMIT")
        session.close()
        watch.finish()

    (span,) = watch.spans(1)
    assert (span.relation, span.mode, span.to_end) == ("t", "AccessExclusiveLock", True)
    assert 0.15 < span.seconds < 2
    assert watch.spans(2) == ()
