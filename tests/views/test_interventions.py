"""Cancelling a run, and ending what a lost one left: for operators, by POST, told to everybody."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from dashboard.models import Intervention, Run, RunStep
from tests.views.conftest import ViewedSite, text_of

HTMX = {"HX-Request": "true"}
BLOCKS = {
    "part": "blocks", "pid": 77, "user": "billing", "application": "psql<script>", "lock": "RowExclusiveLock",
    "relation": "orders", "since": None, "query": "UPDATE orders SET x = 1",
}  # fmt: skip


def running(site: ViewedSite, **changes: object) -> Run:
    run = site.confirm()
    now = timezone.now()
    Run.objects.update(**{"phase": "running", "started_at": now, "heartbeat_at": now, **changes})
    run.refresh_from_db()
    return run


def test_an_operator_cancels_a_run_and_everybody_sees_who_did(operator: Client, lead: Client, site: ViewedSite) -> None:
    run = running(site)
    assert f"Cancel run {run.pk}" in text_of(operator.get(f"/runs/{run.pk}/"))
    assert f"Cancel run {run.pk}" not in text_of(lead.get(f"/runs/{run.pk}/"))

    answer = operator.post(f"/runs/{run.pk}/cancellation/")

    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert Intervention.objects.get().requested_by.get_username() == "operator"
    page = text_of(lead.get(f"/runs/{run.pk}/"))
    assert "operator has cancelled it. It ends within two seconds." in page
    assert "Cancel run" not in text_of(operator.get(f"/runs/{run.pk}/"))


def test_a_queued_run_is_cancelled_at_once(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()

    operator.post(f"/runs/{run.pk}/cancellation/")

    page = text_of(operator.get(f"/runs/{run.pk}/"))
    assert "The run was cancelled. Nothing was changed" in page and "Cancelled by operator" in page


def test_neither_can_be_asked_for_by_get_nor_of_a_run_that_is_not_there(operator: Client, site: ViewedSite) -> None:
    run = running(site)

    for noun in ("cancellation", "termination"):
        assert operator.get(f"/runs/{run.pk}/{noun}/").status_code == 405
        assert operator.post(f"/runs/{run.pk + 1}/{noun}/").status_code == 404

    assert not Intervention.objects.exists()


def test_neither_is_for_those_who_may_not_confirm(lead: Client, developer: Client, site: ViewedSite) -> None:
    run = running(site)

    for client in (lead, developer):
        assert client.post(f"/runs/{run.pk}/cancellation/").status_code == 403
        assert client.post(f"/runs/{run.pk}/termination/").status_code == 403


def test_what_a_lost_run_left_is_shown_and_ended_by_an_operator(operator: Client, site: ViewedSite) -> None:
    old = timezone.now() - timedelta(minutes=1)
    run = running(
        site, phase="unsettled", heartbeat_at=old, contention=[{**BLOCKS, "part": "left"}], contention_at=old,
        detail="The worker that executed the run died.",
    )  # fmt: skip
    page = text_of(operator.get(f"/runs/{run.pk}/"))
    assert "Left over in the database" in page and f"End what run {run.pk} left" in page and "pid 77" in page

    operator.post(f"/runs/{run.pk}/termination/")

    assert Intervention.objects.get().kind == "termination"
    assert "operator has asked to end the session" in text_of(operator.get(f"/runs/{run.pk}/"))


def test_a_refusal_is_told(operator: Client, site: ViewedSite) -> None:
    run = running(site)

    page = text_of(operator.post(f"/runs/{run.pk}/termination/", follow=True))

    assert "Nothing was ended." in page and "Cancel the run instead" in page


def test_who_blocks_whom_is_shown_while_the_run_waits_and_comes_with_each_poll(lead: Client, site: ViewedSite) -> None:
    now = timezone.now()
    waits = {**BLOCKS, "part": "waits", "pid": 5, "since": (now - timedelta(seconds=2)).isoformat()}
    run = running(site, contention=[waits, BLOCKS], contention_at=now)

    for page in (
        text_of(lead.get(f"/runs/{run.pk}/")),
        text_of(lead.get(f"/runs/{run.pk}/?part=live&after=0", headers=HTMX)),
    ):
        assert "Who blocks whom" in page and "waiting 2.0 s, stops at 5.0 s (lock timeout)" in page
        assert "this run waits" in page and "pid 77" in page and "UPDATE orders SET x = 1" in page
        assert "<script>" not in page.split("Who blocks whom")[1].split("</section>")[0]


def test_a_poll_replaces_the_button_only_where_it_changes(operator: Client, site: ViewedSite) -> None:
    run = running(site)

    key = operator.get(f"/runs/{run.pk}/").context["action"].key
    same = text_of(operator.get(f"/runs/{run.pk}/?part=live&after=0&action={key}", headers=HTMX))
    other = text_of(operator.get(f"/runs/{run.pk}/?part=live&after=0&action=none", headers=HTMX))

    assert 'id="run-action"' not in same and 'id="run-action" hx-swap-oob="true"' in other
    assert f"action={key}" in same


def test_a_step_says_what_it_took_before(lead: Client, site: ViewedSite) -> None:
    first = running(site)
    now = timezone.now()
    RunStep.objects.filter(run=first, revision="r2").update(
        state="applied", started_at=now - timedelta(seconds=3), finished_at=now
    )
    Run.objects.update(phase="settled", outcome="partial", settled_at=now)
    second = site.confirm()

    assert "took 3.0 s in 1 run before" in text_of(lead.get(f"/runs/{second.pk}/"))
