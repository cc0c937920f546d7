"""What is seen beside a run: who blocks it, who changes the database meanwhile, what it took before."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dashboard.models import Run
from dashboard.usecases.expect_durations import DurationRange, expect_durations, expect_rest
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.read_contention import read_contention
from tests.usecases.running import confirmed, executing, wait_for
from tests.usecases.site import Site

CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY i1 ON t1 (x)")
"""


def open_transaction(site: Site, *statements: str) -> Any:
    """Another application in the middle of its work; close it to roll back."""
    connection = site.database()
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("SET application_name = 'billing'")
    for statement in statements:
        cursor.execute(statement)
    return connection


@pytest.mark.fault(24)
def test_a_run_that_is_blocked_fails_within_its_lock_timeout_and_names_who_blocked_it(postgres_site: Site) -> None:
    site = postgres_site
    site.configure('timeouts = { lock = "2s" }')
    site.project.add("r4", 'op.execute("ALTER TABLE t1 ADD y int")')
    blocker = open_transaction(site, "INSERT INTO t1 VALUES (7, 'password=hunter22')")
    pid = blocker.info.backend_pid

    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        started = time.monotonic()
        wait_for(lambda: read_contention(Run.objects.get(pk=running.run.pk)))
        seen = read_contention(Run.objects.get(pk=running.run.pk))
        run = running.finish()
        took = time.monotonic() - started

    assert took < 3 + 1
    assert seen is not None and seen.lock_timeout == 2 and seen.waited is not None and seen.waited <= 2
    waits, blocks = seen.rows
    assert (waits.part, waits.word, waits.relation) == ("waits", "this run waits", "t1")
    assert (blocks.part, blocks.pid, blocks.user, blocks.application) == ("blocks", pid, "admin", "billing")
    assert blocks.query.startswith("INSERT INTO t1") and "hunter22" not in blocks.query
    assert (run.outcome, run.cause) == ("rolled_back", "error") and site.rows() == ["r1"]
    assert "lock timeout" in run.detail
    assert f"held up by pid {pid}, user admin, billing: INSERT INTO t1" in run.detail and "hunter22" not in run.detail
    blocker.close()


@pytest.mark.fault(74)
def test_an_index_is_built_concurrently_while_a_transaction_is_open_for_longer_than_the_lock_timeout(
    postgres_site: Site,
) -> None:
    site = postgres_site
    site.configure('timeouts = { lock = "300ms" }')
    site.project.add("r4", CONCURRENTLY)
    site.project.add("r5", 'op.execute("ALTER TABLE t2 ADD y int")')
    unrelated = open_transaction(site, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")

    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        time.sleep(1.2)
        assert running.thread.is_alive()
        unrelated.close()
        run = running.finish()

    assert run.outcome == "succeeded" and site.rows() == ["r5"]
    assert site.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i1'::regclass") == [(True,)]


def test_the_lock_timeout_is_back_after_a_concurrent_statement(postgres_site: Site) -> None:
    site = postgres_site
    site.configure('timeouts = { lock = "300ms" }')
    pause = "op.get_context().as_sql or (open('go', 'w'), __import__('time').sleep(1.5))"
    site.project.add("r4", f"{CONCURRENTLY}\n{pause}\nop.execute('ALTER TABLE t1 ADD y int')")
    go = site.project.directory / "go"
    with executing(confirmed(site)) as running:
        wait_for(go.exists)
        blocker = open_transaction(site, "INSERT INTO t1 VALUES (7, 'x')")
        run = running.finish()
    blocker.close()

    assert run.cause == "error" and "lock timeout" in run.detail


@pytest.mark.fault(23)
def test_somebody_who_changes_the_version_table_meanwhile_is_told_apart_from_the_run(site: Site) -> None:
    slow = {
        "postgresql": "op.execute('SELECT pg_sleep(2.5)')",
        "sqlite": "op.get_context().as_sql or __import__('time').sleep(2.5)",
    }[site.dialect]
    path = site.project.directory / "alembic" / "versions" / "r2_r2.py"
    path.write_text(
        path.read_text().replace(
            "def upgrade():\n",
            f"def upgrade():\n    {slow}\n    raise RuntimeError('r2 is bad')\n",
        )
    )

    with executing(confirmed(site)) as running:
        running.wait_for_step("r2")
        site.alembic("stamp", "r3")
        run = running.finish()

    assert site.rows() == ["r3"] == run.rows_after and "r2 is bad" in run.detail and run.cause == "error"
    [sentence] = [s for s in run.evidence if "somebody else changed the version table" in s]
    assert sentence.startswith("This run never sent a COMMIT")
    explanation = explain_run(run)
    if site.dialect == "postgresql":
        assert run.outcome == "rolled_back"
        assert explanation.title == "The upgrade failed and was rolled back; somebody else changed production meanwhile"
        assert "production is at r3 now, which somebody else brought about" in explanation.text
    else:
        assert run.outcome == "indeterminate"


@pytest.mark.fault(23)
def test_whoever_writes_to_the_version_table_beside_a_run_is_named_with_its_outcome(postgres_site: Site) -> None:
    site = postgres_site
    site.project.add("r4", "op.execute('SELECT pg_sleep(1.5)')")
    other = open_transaction(site)
    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        other.cursor().execute("INSERT INTO alembic_version VALUES ('by_hand')")
        time.sleep(0.8)
        other.rollback()
        run = running.finish()
    other.close()

    assert run.outcome == "succeeded" and site.rows() == ["r4"]
    [sentence] = [s for s in run.evidence if s.startswith("Beside this run")]
    assert "user admin, billing" in sentence and "by_hand" in sentence


def test_earlier_runs_tell_how_long_a_revision_takes_also_those_of_other_environments(sqlite_site: Site) -> None:
    site = sqlite_site
    site.upgrade("r2")
    site.alembic("downgrade", "r1")
    site.upgrade("r2")
    Run.objects.filter(pk=Run.objects.latest("pk").pk).update(environment="staging")

    found = expect_durations(project="api", revisions=["r2", "r3"], action="upgrade")

    assert list(found) == ["r2"] and found["r2"].number == 2
    assert 0 <= found["r2"].least <= found["r2"].most
    assert expect_durations(project="other", revisions=["r2"], action="upgrade") == {}


def test_what_is_to_go_counts_what_is_spent_and_is_silent_of_what_was_never_done() -> None:
    known = {("r2", "upgrade"): DurationRange(4.0, 6.0, 2), ("r3", "upgrade"): DurationRange(1.0, 3.0, 1)}

    assert expect_rest([("r2", "upgrade"), ("r3", "upgrade")], known) == DurationRange(5.0, 9.0, 1)
    assert expect_rest([("r2", "upgrade"), ("r3", "upgrade")], known, spent=5.0) == DurationRange(1.0, 4.0, 1)
    assert expect_rest([("r2", "upgrade"), ("r3", "upgrade")], known, spent=20.0) == DurationRange(0.0, 0.0, 2)
    assert expect_rest([("r2", "downgrade")], known) is None
    assert expect_rest([], known) is None
