"""A worker that dies in the middle of a run: nothing lies about it, and the observer settles it by evidence."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from dashboard.models import Backup, Confirmation, Run
from dashboard.usecases.catalogue import find_environment, open_database
from dashboard.usecases.keep_backups import fail_lost_backups
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from dashboard.usecases.take_backup import request_backup
from tests.usecases.running import online, wait_for
from tests.usecases.site import Site

SLOW = {"postgresql": 'op.execute("SELECT pg_sleep(20)")', "sqlite": online("import time; time.sleep(20)")}


def forget_heartbeat() -> None:
    """As if the observer had waited long enough."""
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.fault(1)
@pytest.mark.fault(6)
def test_a_killed_worker_leaves_a_run_that_is_settled_by_what_the_database_shows(
    site: Site, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    site.project.add("r4", f'op.create_table("t4", sa.Column("id", sa.Integer))\n{SLOW[site.dialect]}')
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    worker = start_worker()
    wait_for(lambda: run.steps.filter(revision="r4", state="running").exists())
    time.sleep(0.5)

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    run.refresh_from_db()
    assert run.phase == "running", "nobody has looked yet, so nothing may be claimed"

    forget_heartbeat()
    wait_for(lambda: bool(settle_lost_runs()), seconds=30)

    run.refresh_from_db()
    assert (run.phase, run.cause) == ("settled", "worker_lost")
    if site.dialect == "postgresql":
        assert run.outcome == "rolled_back" and site.rows() == ["r1"]
        assert "The schema digest is the same as before the run." in run.evidence
    else:
        assert run.outcome == "indeterminate" and site.rows() == ["r3"]
        assert any("a part of it may be there" in sentence for sentence in run.evidence)
    assert "died" in run.detail
    observe_environments()
    assert site.plan().steps, "the environment can be planned again"


def test_the_child_dies_with_its_worker(site: Site, start_worker: Callable[[], subprocess.Popen[bytes]]) -> None:
    pid_file = site.folder / "pid"
    site.project.add(
        "r4", online(f'import os, time; open({str(pid_file)!r}, "w").write(str(os.getpid())); time.sleep(30)')
    )
    plan = site.plan()
    site.back_up()
    site.confirm(plan)
    worker = start_worker()
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "")

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    wait_for(lambda: not Path(f"/proc/{pid_file.read_text()}").exists(), seconds=5)


def test_a_run_is_unsettled_while_its_session_lives_and_refuses_another(postgres_site: Site) -> None:
    site = postgres_site
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    Run.objects.filter(pk=run.pk).update(phase="running", rows_before=["r1"], schema_before="x")
    forget_heartbeat()
    with open_database(*find_environment("api", "production")).hold_run_lock(wait=1) as lock:
        first, second = lock.challenge["lock_key"]  # type: ignore[misc]
    session = site.database()
    session.cursor().execute(f"SELECT pg_advisory_lock_shared({first}, {second})")

    assert settle_lost_runs() == 0

    run.refresh_from_db()
    assert run.phase == "unsettled" and "died" in run.detail
    assert "still alive" in run.evidence[0] and "pid" in run.evidence[0]
    assert site.review(plan).token == "", "no other run may start"

    session.close()
    wait_for(lambda: bool(settle_lost_runs()), seconds=10)
    run.refresh_from_db()
    assert run.phase == "settled"


def test_an_unreachable_database_leaves_it_unsettled(sqlite_site: Site) -> None:
    site = sqlite_site
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    Run.objects.filter(pk=run.pk).update(phase="running", rows_before=["r1"])
    forget_heartbeat()
    database = site.folder / "production.db"
    database.rename(site.folder / "away.db")

    assert settle_lost_runs() == 0

    run.refresh_from_db()
    assert run.phase == "unsettled" and run.outcome == ""


def test_a_run_that_no_worker_took_is_refused_once_its_confirmation_has_expired(sqlite_site: Site) -> None:
    site = sqlite_site
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    assert settle_lost_runs() == 0

    Confirmation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    assert settle_lost_runs() == 1
    run.refresh_from_db()
    assert (run.phase, run.outcome) == ("settled", "refused") and "No worker" in run.detail


def test_a_backup_whose_worker_died_fails_and_leaves_no_file(sqlite_site: Site) -> None:
    site = sqlite_site
    backup = request_backup(user=site.operator, project="api", environment="production")
    folder = site.folder / "var" / "backups"
    folder.mkdir(parents=True)
    partial = folder / f"api-production-20261124T000000Z-r1-{backup.pk}.db.partial"
    others = folder / f"api-production-20261124T000000Z-r1-{backup.pk}7.db"
    partial.touch()
    others.touch()
    Backup.objects.update(tool="starting", heartbeat_at=timezone.now() - timedelta(minutes=1))

    assert fail_lost_backups() == 1

    backup.refresh_from_db()
    assert backup.state == "failed" and "died" in backup.error
    assert not partial.exists() and others.exists()
