"""An operator ends a run: at once while it waits, within two seconds while it works, and it is written down."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.models import Intervention, Run
from dashboard.usecases.cancel_run import CancelRefused, cancel_run
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from dashboard.usecases.terminate_session import TerminationRefused, terminate_session
from tests.usecases.running import confirmed, executing, online
from tests.usecases.site import Site, make_person

SLOW = {"postgresql": 'op.execute("SELECT pg_sleep(60)")', "sqlite": online("import time\ntime.sleep(60)")}


@pytest.mark.fault(12)
def test_a_long_statement_is_stopped_within_two_seconds_and_the_outcome_is_judged(site: Site) -> None:
    site.project.add("r4", SLOW[site.dialect])
    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        started = time.monotonic()
        cancel_run(user=site.operator, run_id=running.run.pk)
        run = running.finish()

    assert time.monotonic() - started < 2 + 1, "two seconds, and a busy machine's third"
    assert (run.phase, run.cause, run.detail) == ("settled", "cancelled", "Cancelled while it ran.")
    if site.dialect == "postgresql":
        assert run.outcome == "rolled_back" and site.rows() == ["r1"]
        assert explain_run(run).title == "The upgrade was cancelled and production was rolled back"
    else:
        assert run.outcome == "indeterminate" and site.rows() == ["r3"]
    [request] = run.interventions.all()
    assert request.requested_by == site.operator and request.answer.startswith("The run ended:")
    assert request.answered_at is not None


@pytest.mark.fault(12)
@pytest.mark.fault(10)
def test_a_child_that_swallows_the_cancelled_statement_and_ignores_sigterm_is_ended_all_the_same(
    postgres_site: Site,
) -> None:
    site = postgres_site
    site.project.add(
        "r4",
        online(
            """
            import signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                try:
                    op.execute("SELECT pg_sleep(60)")
                except Exception:
                    print("never mind", flush=True)
                    time.sleep(0.05)
            """
        ),
    )
    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        started = time.monotonic()
        cancel_run(user=site.operator, run_id=running.run.pk)
        run = running.finish()

    assert time.monotonic() - started < 5
    assert (run.outcome, run.cause) == ("rolled_back", "cancelled") and site.rows() == ["r1"]
    assert site.query(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {run.backend_pid}") == [(0,)]


def test_a_run_that_no_worker_took_ends_at_once_and_its_confirmation_is_spent(sqlite_site: Site) -> None:
    site = sqlite_site
    run = confirmed(site)

    cancel_run(user=site.operator, run_id=run.pk)
    execute_run(run_id=run.pk)

    run.refresh_from_db()
    run.confirmation.refresh_from_db()
    assert (run.phase, run.outcome, run.cause) == ("settled", "refused", "cancelled")
    assert run.detail == "Cancelled by operator before a worker took it."
    assert run.confirmation.spent_at is not None and site.rows() == ["r1"]


def test_only_an_operator_cancels_and_only_what_still_runs(sqlite_site: Site) -> None:
    site = sqlite_site
    run = confirmed(site)

    with pytest.raises(PermissionDenied):
        cancel_run(user=make_person("developer"), run_id=run.pk)
    site.execute(run)
    with pytest.raises(CancelRefused, match="settled already"):
        cancel_run(user=site.operator, run_id=run.pk)

    assert not Intervention.objects.exists() and run.outcome == "succeeded"


def test_a_second_request_changes_nothing(sqlite_site: Site) -> None:
    site = sqlite_site
    run = confirmed(site)
    Run.objects.filter(pk=run.pk).update(phase="running", heartbeat_at=timezone.now())

    cancel_run(user=site.operator, run_id=run.pk)
    cancel_run(user=site.operator, run_id=run.pk)

    assert Intervention.objects.count() == 1


@pytest.mark.fault(7)
def test_a_session_is_terminated_of_a_lost_run_only_and_by_an_operator_only(sqlite_site: Site) -> None:
    site = sqlite_site
    run = confirmed(site)
    Run.objects.filter(pk=run.pk).update(phase="running", heartbeat_at=timezone.now())

    with pytest.raises(TerminationRefused, match="Cancel the run instead"):
        terminate_session(user=site.operator, run_id=run.pk)
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(PermissionDenied):
        terminate_session(user=make_person("lead"), run_id=run.pk)
    first = terminate_session(user=site.operator, run_id=run.pk)
    second = terminate_session(user=site.operator, run_id=run.pk)

    assert first.pk == second.pk
    assert settle_lost_runs() == 1, "nothing was left of it"
    with pytest.raises(TerminationRefused, match="no session"):
        terminate_session(user=site.operator, run_id=run.pk)
