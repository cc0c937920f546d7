"""Gate 3 of the plan page: what a rehearsal showed, asking for another one, and letting one pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import Rehearsal, RehearsalOverride, RehearsedRevision
from dashboard.usecases.confirm_plan import confirm_plan
from dashboard.usecases.rehearse_plan import rehearse_plan_now
from dashboard.usecases.review_plan import review_plan
from tests.views.conftest import SignIn, ViewedSite, text_of

PLAN = "/projects/api/environments/production/plan/"
REHEARSALS = "/projects/api/environments/production/rehearsals/"
OVERRIDES = f"{REHEARSALS}overrides/"
LOCK = {"relation": "orders", "mode": "AccessExclusiveLock", "seconds": 8.2, "is_index": False, "to_end": True}


def work_off() -> None:
    """What a worker does with those that are queued."""
    while rehearsal := Rehearsal.objects.filter(state=Rehearsal.State.QUEUED).first():
        rehearse_plan_now(rehearsal_id=rehearsal.pk)


def exceed(site: ViewedSite, seconds: float = 8.2) -> None:
    """A rehearsal of a plan on PostgreSQL, as its worker would have stored it, beyond the budget."""
    site.configure('rehearsal = { max_lock = "5s" }')
    site.plan()
    site.back_up()
    work_off()
    newest = Rehearsal.objects.first()
    assert newest is not None
    Rehearsal.objects.filter(pk=newest.pk).update(tells_locks=True)
    RehearsedRevision.objects.filter(rehearsal=newest, revision="r2").update(
        locks=[{**LOCK, "seconds": seconds}],
        rewritten=[{"relation": "orders", "bytes": 411 * 1024**2}],
        wal_bytes=512 * 1024**2,
    )


def test_it_is_gate_3_where_the_environment_asks_for_it(operator: Client, site: ViewedSite) -> None:
    site.configure("rehearsal = {}")
    site.plan()
    site.back_up()

    waiting = text_of(operator.get(PLAN))
    work_off()
    passed = text_of(operator.get(PLAN))

    assert "3 Rehearsal" in waiting and "waits for a worker" in waiting and "?part=rehearsal" in waiting
    assert "The plan is being rehearsed. Wait until that is done." in waiting
    assert "Duration of 3 runs" in passed and "CREATE TABLE t2" in passed and "?part=re" not in passed
    assert "4 Confirm <span" in passed and "open: your turn" in passed
    assert "SQLite does not tell locks" in passed and "Strongest lock" not in passed


def test_a_lock_that_may_have_been_missed_is_not_called_none(operator: Client, site: ViewedSite) -> None:
    exceed(site)
    before = text_of(operator.get(PLAN))
    built = [{"sql": "CREATE INDEX CONCURRENTLY i ON t1 (x)", "times": 1, "seconds": 0.01}]
    RehearsedRevision.objects.filter(revision="r2").update(locks=[], statements=built)

    assert "not seen" in text_of(operator.get(PLAN)) and "not seen" not in before


def test_without_a_policy_one_can_be_asked_for_and_closes_nothing(operator: Client, site: ViewedSite) -> None:
    site.plan()
    site.back_up()
    before = text_of(operator.get(PLAN))

    operator.post(REHEARSALS)
    Rehearsal.objects.update(state=Rehearsal.State.FAILED, error="Revision r3: it broke")

    after = text_of(operator.get(PLAN))
    assert "Rehearse now" in before and "not asked for" in before and "open: your turn" in before
    assert "Revision r3: it broke" in after and "open: your turn" in after
    assert "production asks for no rehearsal." in before and "Rehearse again" in after
    assert "A rehearsal executes" in before and "A rehearsal executes" not in after


def test_locks_rewrites_and_wal_are_shown_with_what_is_not_predicted(operator: Client, site: ViewedSite) -> None:
    exceed(site)

    page = text_of(operator.get(PLAN))

    assert "AccessExclusive</span>" in page and "AccessExclusive on orders: 8.2 s at most, to the end of" in page
    assert "411.0 MB" in page and "512.0 MB" in page
    assert "Waiting for other sessions' locks is not predicted: after 5 s of waiting the run stops" in page
    assert (
        "r2 took AccessExclusiveLock on orders and held it for 8.2 s, to the end of its transaction; 5 s are allowed."
        in page
    )


def test_the_first_gate_that_is_closed_has_the_only_filled_button(operator: Client, site: ViewedSite) -> None:
    exceed(site)

    page = text_of(operator.get(PLAN))

    assert '<button class="button" type="submit">Let this plan exceed the budget' in page
    assert '<button class="button button-quiet" type="submit">Rehearse again' in page
    assert '<button class="button button-quiet" type="submit">Take a new backup now' in page


def test_an_operator_lets_it_pass_with_a_reason(operator: Client, site: ViewedSite) -> None:
    exceed(site)
    plan = Rehearsal.objects.all()[0].plan_id

    refused = operator.post(OVERRIDES, {"plan": plan, "reason": " "}, follow=True)
    answer = operator.post(OVERRIDES, {"plan": plan, "reason": "the page is up"}, follow=True)

    assert "Nothing was let pass." in text_of(refused)
    assert RehearsalOverride.objects.get().reason == "the page is up"
    assert "Let pass by operator: “the page is up”" in text_of(answer) and "open: your turn" in text_of(answer)


def test_what_was_let_pass_is_not_shown_as_passed(operator: Client, site: ViewedSite) -> None:
    exceed(site)
    plan = Rehearsal.objects.all()[0].plan_id

    page = text_of(operator.post(OVERRIDES, {"plan": plan, "reason": "the page is up"}, follow=True))

    assert '3 Rehearsal <span class="gate-words">let pass by operator</span>' in page
    assert '<span class="gate-mark gate-let-pass"><svg' in page and '<li class="check check-let-pass"><svg' in page
    assert "Rehearsal</a><span>let pass</span>" in page


@pytest.mark.parametrize(("seconds", "words"), [(0.0561, "0.056 s"), (0.02, "0.02 s"), (8.24, "8.2 s")])
def test_a_short_lock_never_reads_as_none(operator: Client, site: ViewedSite, seconds: float, words: str) -> None:
    exceed(site, seconds)
    site.configure('rehearsal = { max_lock = "10ms" }')

    assert f"and held it for {words}, to the end of" in text_of(operator.get(PLAN))


@pytest.mark.parametrize("path", [REHEARSALS, OVERRIDES])
@pytest.mark.parametrize("role", ["lead", "developer", "nobody"])
def test_only_an_operator_may(sign_in: SignIn, site: ViewedSite, path: str, role: str) -> None:
    assert sign_in(role).post(path, {"plan": 1, "reason": "x"}).status_code == 403
    assert sign_in("operator").get(path).status_code == 405
    assert sign_in("operator").post(path.replace("production", "elsewhere")).status_code == 404
    assert not Rehearsal.objects.exists()


def test_the_end_of_the_first_one_shows_the_whole_body_of_a_repeated_one_its_gate_alone(
    operator: Client, site: ViewedSite
) -> None:
    site.configure("rehearsal = {}")
    site.plan()
    site.back_up()
    polled = operator.get(f"{PLAN}?part=rehearsal", headers={"HX-Request": "true"})
    work_off()

    first = operator.get(f"{PLAN}?part=rehearsal", headers={"HX-Request": "true"})
    repeated = operator.get(f"{PLAN}?part=repeat", headers={"HX-Request": "true"})

    assert polled.status_code == 200 and '<div class="panel-body" id="rehearsal-progress"' in text_of(polled)
    assert (first.status_code, first["HX-Retarget"]) == (286, "#plan-body")
    assert (repeated.status_code, repeated["HX-Retarget"]) == (286, "#gate-rehearsal")
    assert '</title> <li class="gate" id="gate-rehearsal">' in text_of(repeated)


def test_one_that_goes_on_tells_bytes_then_revisions_and_what_is_to_go(operator: Client, site: ViewedSite) -> None:
    site.configure("rehearsal = {}")
    site.plan()
    backup = site.back_up()
    work_off()
    rehearsal = Rehearsal.objects.create(
        plan=Rehearsal.objects.latest("pk").plan, backup=backup, fingerprint=Rehearsal.objects.latest("pk").fingerprint,
        state="working", doing="restoring", started_at=timezone.now(), heartbeat_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    poll = f"{PLAN}?part=repeat"
    began = timezone.now() - timedelta(seconds=10)
    backup.activities.create(
        kind="restoring", owner=f"rehearsal:{rehearsal.pk}", started_at=began, bytes_done=2048, bytes_expected=4096
    )

    restoring = text_of(operator.get(poll, headers={"HX-Request": "true"}))
    Rehearsal.objects.filter(pk=rehearsal.pk).update(doing="executing", steps_done=1, step_at=timezone.now())
    RehearsedRevision.objects.filter(revision="r3").update(seconds=7.0)
    executing = text_of(operator.get(poll, headers={"HX-Request": "true"}))

    assert f"Backup {backup.pk} is being restored into a scratch database: 2.0 KB of about 4.0 KB" in restoring
    assert "10 s to go" in restoring and "<title>rehearsal: restoring 50 %" in restoring
    assert "1 of the plan&#x27;s 2 revisions executed on the copy" in executing
    assert "about 7 s to go" in executing


def test_the_run_tells_beside_each_revision_what_was_rehearsed(operator: Client, site: ViewedSite) -> None:
    site.configure("rehearsal = {}")
    plan = site.plan()
    site.back_up()
    work_off()

    token = review_plan(plan=plan, user=site.operator).token
    run = confirm_plan(user=site.operator, token=token, typed="production")

    assert text_of(operator.get(f"/runs/{run.pk}/")).count(">rehearsed ") == 2
