"""One run, live and settled, and the list of all."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from dashboard.models import Plan, Run, RunLogLine, RunStep
from dashboard.usecases.execute_run import execute_run
from tests.views.conftest import ViewedSite, text_of

HTMX = {"HX-Request": "true"}


def add_lines(run: Run, *texts: str) -> None:
    """To the end of its log."""
    number = RunLogLine.objects.filter(run=run).count()
    for text in texts:
        number += 1
        RunLogLine.objects.create(run=run, number=number, kind="output", text=text)


def test_a_run_leads_to_the_plan_that_it_ran_though_a_newer_one_was_made(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)
    ran = run.confirmation.plan_id
    site.set_rows("production", "r2")
    newer = site.plan()
    address = f"/projects/api/environments/production/plan/?plan={ran}"

    assert f'<a href="{address}">Plan {ran}</a>' in text_of(lead.get(f"/runs/{run.pk}/"))
    page = text_of(lead.get(address))
    assert f"Plan {ran} by operator" in page and f"Run {run.pk}</a>" in page and ">Latest plan</a>" in page
    assert f"Plan {newer.pk} by operator" in text_of(lead.get(address.partition("?")[0]))


def test_a_live_run_shows_its_steps_and_polls(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()

    page = text_of(lead.get(f"/runs/{run.pk}/"))

    assert "queued" in page and "every 1s" in page and "make r2" in page
    assert f"<title>0 of 2 · Run {run.pk} of The API / production | Alembic Dashboard</title>" in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_poll_brings_progress_title_and_only_new_lines(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    Run.objects.update(phase=Run.Phase.RUNNING, started_at=timezone.now())
    RunStep.objects.filter(position=1).update(state="applied", started_at=timezone.now(), finished_at=timezone.now())
    add_lines(run, "old line", "new line")

    part = lead.get(f"/runs/{run.pk}/?part=live&after=1", headers=HTMX)

    page = text_of(part)
    assert part.status_code == 200 and "running 1 of 2" in page and "<title>1 of 2" in page
    assert "new line" in page and "old line" not in page and "after=2" in page


def test_what_a_cancellation_would_do_is_told_anew_once_a_worker_has_taken_the_run(
    operator: Client, site: ViewedSite
) -> None:
    run = site.confirm()
    queued = operator.get(f"/runs/{run.pk}/")
    key = queued.context["action"].key
    Run.objects.update(phase="running", started_at=timezone.now(), heartbeat_at=timezone.now() + timedelta(days=1))

    polled = operator.get(f"/runs/{run.pk}/?part=live&action={key}", headers={"HX-Request": "true"})

    assert "No worker has taken it yet" in text_of(queued)
    assert "Ends the current statement within two seconds" in text_of(polled)


def test_polling_ends_with_the_run(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)

    part = lead.get(f"/runs/{run.pk}/?part=live&after=0", headers=HTMX)

    assert part.status_code == 286 and part["HX-Refresh"] == "true"


def test_a_settled_run_says_how_it_is_known_and_what_to_do(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)

    page = text_of(lead.get(f"/runs/{run.pk}/"))

    assert "succeeded" in page and "How we know" in page and "What to do next" in page
    assert "every 1s" not in page and "http-equiv" not in page


def test_what_is_executed_is_called_applied_only_once_that_is_known_to_stay(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    run.steps.filter(revision="r2").update(state="applied")
    Run.objects.update(phase="running", started_at=timezone.now(), transactional_ddl=True, steps_committing=0)
    seen = {"live": text_of(lead.get(f"/runs/{run.pk}/"))}
    Run.objects.update(steps_committing=1)
    seen["committed"] = text_of(lead.get(f"/runs/{run.pk}/"))
    ended = {"phase": "settled", "settled_at": timezone.now()}
    for outcome, rows in (("rolled_back", ["r1"]), ("indeterminate", ["r1"]), ("partial", ["r2"])):
        Run.objects.update(**ended, outcome=outcome, rows_after=rows)
        seen[outcome] = text_of(lead.get(f"/runs/{run.pk}/"))

    said = {
        "live": "executed, not committed yet",
        "committed": "applied",
        "rolled_back": "executed, then undone with the transaction",
        "indeterminate": "executed; the version table does not tell so",
        "partial": "applied",
    }
    for when, words in said.items():
        assert f'<div class="meta">{words}</div>' in seen[when], when
    assert "<progress" not in seen["rolled_back"]
    assert "<progress" in seen["partial"]


def test_after_a_failure_the_same_can_be_planned_again_at_once(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()
    Run.objects.update(phase="settled", settled_at=timezone.now(), outcome="rolled_back", rows_after=["r1"])

    page = text_of(operator.get(f"/runs/{run.pk}/"))
    operator.post("/projects/api/environments/production/plan/", {"direction": "upgrade", "target": ""})

    assert 'name="direction" value="upgrade"> <input type="hidden" name="target" value=""' in page.replace("><", "> <")
    assert "Plan the upgrade again" in page
    again = Plan.objects.latest("pk")
    assert (again.direction, again.steps) == ("upgrade", run.confirmation.plan.steps)


def test_the_whole_log_is_plain_text(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    add_lines(run, "<script>alert(1)</script>")

    answer = lead.get(f"/runs/{run.pk}/log/")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"<script>alert(1)</script>" in b"".join(answer.streaming_content)  # type: ignore[arg-type]


def test_a_long_log_shows_its_end(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    RunLogLine.objects.bulk_create(
        RunLogLine(run=run, number=n, kind="output", text=f"line {n} of many") for n in range(1, 601)
    )

    page = text_of(lead.get(f"/runs/{run.pk}/"))

    assert "line 600 of many" in page and "line 100 of many" not in page and "the last 500 are shown" in page


def test_a_run_outlives_its_environments_entry(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    Run.objects.update(environment="gone")

    page = lead.get(f"/runs/{run.pk}/")

    assert page.status_code == 200 and "environments/gone" not in text_of(page)


def test_an_unknown_run_is_not_found(lead: Client) -> None:
    assert lead.get("/runs/999/").status_code == 404
    assert lead.get("/runs/99999999999999999999999/").status_code == 404


def test_the_list_narrows_by_environment(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()

    assert f"/runs/{run.pk}/" in text_of(lead.get("/runs/?project=api&environment=production"))
    assert "Show all runs" in text_of(lead.get("/runs/?project=api&environment=staging"))


def test_the_audit_log_tells_who_did_what_newest_first(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)

    page = text_of(lead.get("/audit/"))

    said = [page.index(words) for words in ("settled: succeeded", "confirmed plan", "asked for a backup", "planned an")]
    assert said == sorted(said)


def test_the_audit_log_comes_in_parts(lead: Client, site: ViewedSite) -> None:
    for _ in range(60):
        site.plan()

    first = lead.get("/audit/")
    older = lead.get("/audit/", {"before": first.context["next_before"]})

    assert len(first.context["lines"]) == 50 and len(older.context["lines"]) == 10
    assert lead.get("/audit/?before=nonsense").status_code == 200


def test_a_poll_of_a_run_that_did_not_move_is_answered_with_nothing(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    version = lead.get(f"/runs/{run.pk}/").context["version"]
    address = f"/runs/{run.pk}/?part=live&seen={version}"

    assert lead.get(address, headers={"HX-Request": "true"}).status_code == 204
    assert lead.get(address).status_code == 200

    run.log.create(number=1, kind="check", text="looked")
    assert lead.get(address, headers={"HX-Request": "true"}).status_code == 200


def test_it_leads_to_its_revisions_plan_and_backup(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    run.detail = "server closed the connection"
    run.phase, run.outcome, run.settled_at = "settled", "partial", timezone.now()
    run.save()

    page = text_of(lead.get(f"/runs/{run.pk}/"))

    for address in (
        "/projects/api/revisions/r2/",
        f"plan/?plan={run.confirmation.plan_id}",
        f"/backups/{run.confirmation.backup_id}/",
    ):
        assert f'{address}"' in page
    assert '<p class="outcome-detail">server closed the connection</p>' in page
    assert "The API / production" in page
