"""Whatever dies in the middle of a run: what is claimed afterwards is what the database shows."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboard.models import Run
from dashboard.usecases import settle_run
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from dashboard.usecases.terminate_session import terminate_session
from tests.usecases.conftest import ENV_URL
from tests.usecases.running import confirmed, executing, online, wait_for
from tests.usecases.site import Site

SLEEP = 'op.execute("SELECT pg_sleep(60)")'
CONCURRENTLY = """
op.create_table("t4", sa.Column("id", sa.Integer, primary_key=True))
with op.get_context().autocommit_block():
    op.execute("SET client_connection_check_interval = 0")
    op.execute("CREATE INDEX CONCURRENTLY i1 ON t1 (x)")
op.add_column("t4", sa.Column("late", sa.Integer))
"""


def kill_in(site: Site, revision: str) -> Run:
    """Runs to the head, and kills the child in the middle of `revision`."""
    with executing(confirmed(site)) as running:
        running.wait_for_step(revision)
        time.sleep(0.5)
        os.kill(running.child_pid(), signal.SIGKILL)
        return running.finish()


@pytest.mark.fault(1)
def test_killed_in_one_transaction_is_rolled_back(postgres_site: Site) -> None:
    site = postgres_site
    site.project.add("r4", f'op.create_table("half", sa.Column("id", sa.Integer))\n{SLEEP}')

    run = kill_in(site, "r4")

    assert (run.outcome, run.cause) == ("rolled_back", "error")
    assert site.rows() == ["r1"] and run.schema_before == run.schema_after != ""
    assert site.query("SELECT to_regclass('half'), to_regclass('t2')") == [(None, None)]
    assert "exit code -9" in run.detail
    assert explain_run(run).next_steps[-1].text.startswith("Make a new plan")


@pytest.mark.fault(2)
def test_killed_with_a_transaction_per_revision_is_partial_and_the_rest_is_pending(postgres_site: Site) -> None:
    site = postgres_site
    site.project.write_env(extra=ENV_URL, options="transaction_per_migration=True")
    site.project.add("r4", f'op.create_table("half", sa.Column("id", sa.Integer))\n{SLEEP}')

    run = kill_in(site, "r4")

    assert (run.outcome, run.cause) == ("partial", "error") and site.rows() == ["r3"] == run.rows_after
    assert "The version table holds r3: 2 of 3 revisions." in run.evidence
    assert site.query("SELECT to_regclass('half')") == [(None,)]
    assert [step["revision"] for step in site.plan().steps] == ["r4"]
    assert "alembic upgrade r4" in [step.command for step in explain_run(run).next_steps]


@pytest.mark.fault(3)
@pytest.mark.fault(7)
def test_killed_in_create_index_concurrently_is_unsettled_until_its_session_is_ended(
    postgres_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = postgres_site
    monkeypatch.setattr(settle_run, "SESSIONS_GONE_WITHIN", 1.0)
    site.project.add("r4", CONCURRENTLY)
    other = site.database()
    other.autocommit = False
    other.cursor().execute("INSERT INTO t1 VALUES (1, 'open')")  # the build waits for this transaction

    run = kill_in(site, "r4")

    assert (run.phase, run.outcome, run.cause) == ("unsettled", "", "error")
    assert settle_lost_runs() == 0
    run.refresh_from_db()
    assert run.phase == "unsettled" and "still alive" in run.evidence[0]
    [left] = run.contention
    assert (left["part"], left["user"]) == ("left", "admin") and "CREATE INDEX CONCURRENTLY" in left["query"]
    assert f"SELECT pg_terminate_backend({left['pid']});" in [s.command for s in explain_run(run).next_steps]
    assert site.review(run.confirmation.plan).token == "", "nothing else may start"

    request = terminate_session(user=site.operator, run_id=run.pk)
    wait_for(lambda: settle_lost_runs() == 1)

    run.refresh_from_db()
    request.refresh_from_db()
    assert (request.requested_by, request.answer) == (site.operator, "1 session ended.")
    assert (run.outcome, run.cause) == ("partial", "error") and site.rows() == ["r3"]
    assert "The index public.i1 is invalid." in run.evidence
    assert any("worked outside the transaction" in sentence for sentence in run.evidence)
    assert site.query("SELECT count(*) FROM information_schema.columns WHERE table_name = 't4'") == [(1,)]
    assert "DROP INDEX CONCURRENTLY public.i1;" in [step.command for step in explain_run(run).next_steps]
    other.close()


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    "statement",
    ['op.create_table("half", sa.Column("id", sa.Integer))', "op.execute(\"INSERT INTO t1 VALUES (1, 'x')\")"],
)
def test_killed_on_sqlite_is_indeterminate_and_the_backup_is_offered(sqlite_site: Site, statement: str) -> None:
    site = sqlite_site
    site.project.add("r4", online(f"import time\n{statement}\ntime.sleep(60)"))

    run = kill_in(site, "r4")
    wait_for(lambda: run.phase == "settled" or settle_lost_runs())

    run.refresh_from_db()
    assert (run.outcome, run.cause) == ("indeterminate", "error") and site.rows() == ["r3"]
    commands = [step.command for step in explain_run(run).next_steps]
    assert any(f"cp {run.confirmation.backup.path} {site.folder}/production.db" in command for command in commands)
    assert "alembic stamp r4" in commands


@pytest.mark.fault(9)
def test_a_stopped_child_is_ended_at_the_deadline_and_its_backend_with_it(postgres_site: Site) -> None:
    site = postgres_site
    site.configure('timeouts = { run = "4s" }')
    site.project.add("r4", SLEEP)

    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        os.kill(running.child_pid(), signal.SIGSTOP)
        started = time.monotonic()
        run = running.finish(15)

    assert time.monotonic() - started < 10
    assert (run.outcome, run.cause) == ("rolled_back", "deadline") and "deadline of 0:00:04" in run.detail
    assert site.query(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {run.backend_pid}") == [(0,)]


def test_a_revision_that_commits_in_its_middle_is_never_called_rolled_back(postgres_site: Site) -> None:
    site = postgres_site
    site.project.write_env(extra=ENV_URL, options="transaction_per_migration=True")
    site.project.add(
        "r1b", online(f"op.get_bind().execute(sa.text('UPDATE t1 SET x = 1'))\nop.execute('COMMIT')\n{SLEEP}")
    )
    site.project.revisions.pop()
    path = site.project.directory / "alembic" / "versions" / "r2_r2.py"
    path.write_text(path.read_text().replace("'r1'", "'r1b'"))
    middle = site.project.directory / "alembic" / "versions" / "r1b_r1b.py"
    middle.write_text(middle.read_text().replace("'r3'", "'r1'"))

    run = kill_in(site, "r1b")

    assert run.schema_before == run.schema_after and site.rows() == ["r1"]
    assert run.outcome == "indeterminate" and run.left_transaction


@pytest.mark.fault(79)
def test_a_revision_that_computes_for_longer_than_the_idle_timeouts_is_not_cut_off(postgres_site: Site) -> None:
    site = postgres_site
    [(name,)] = site.query("SELECT current_database()")
    for setting in ("idle_in_transaction_session_timeout", "idle_session_timeout"):
        site.query(f"ALTER DATABASE {name} SET {setting} = '300ms'")
    site.project.add("r4", online("import time\nop.execute('SELECT 1')\ntime.sleep(1)\nop.execute('SELECT 2')"))

    run = site.upgrade()

    assert run.outcome == "succeeded" and site.rows() == ["r4"]


def test_a_worker_that_is_told_to_end_finishes_its_run_first(site: Site, start_worker: Callable[[], Any]) -> None:
    slow = {"postgresql": "op.execute('SELECT pg_sleep(2)')", "sqlite": online("import time\ntime.sleep(2)")}[
        site.dialect
    ]
    site.project.add("r4", slow)
    run = confirmed(site)
    worker = start_worker()
    wait_for(lambda: run.steps.filter(revision="r4", state="running").exists())

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=20) == 0
    run.refresh_from_db()
    assert (run.phase, run.outcome) == ("settled", "succeeded") and site.rows() == ["r4"]
