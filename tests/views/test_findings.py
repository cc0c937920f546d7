"""The first gate of a plan's page: findings, the SQL, and a person's word."""

from __future__ import annotations

import sqlite3

from django.test import Client

from dashboard.models import Acceptance, Finding, Rehearsal
from dashboard.usecases.preview_plan import preview_plan
from dashboard.usecases.rehearse_plan import rehearse_plan_now
from tests.views.conftest import SignIn, ViewedSite, text_of

PLAN = "/projects/api/environments/production/plan/"
ACCEPTANCES = "/projects/api/environments/production/acceptances/"


def make_plan(site: ViewedSite) -> int:
    """With a revision that takes data."""
    site.project.add("r4", 'op.execute("DELETE FROM t1 /* <b> */")')
    plan = site.plan()
    preview_plan(plan_id=plan.pk)
    return plan.pk


def test_the_page_polls_until_a_worker_has_written_the_sql(lead: Client, site: ViewedSite) -> None:
    plan = site.plan()
    live = f"{PLAN}?part=sql"

    working = lead.get(live, headers={"HX-Request": "true"})
    preview_plan(plan_id=plan.pk)
    ended = lead.get(live, headers={"HX-Request": "true"})

    assert working.status_code == 200 and "A worker is writing the SQL" in text_of(working)
    assert ended.status_code == 286 and ended["HX-Retarget"] == "#plan-body"
    assert "SQL preview" in text_of(ended) and "every 1s" not in text_of(ended)


def test_findings_stand_at_their_revision_and_at_their_line(operator: Client, site: ViewedSite) -> None:
    make_plan(site)

    page = text_of(operator.get(PLAN))

    (finding,) = Finding.objects.all()
    assert "DELETE without WHERE: every row of t1 goes." in page and "takes data" in page
    assert f'name="all" value="{finding.pk} "' in page and "Not accepted yet" in page
    assert 'class="flagged flagged-error"' in page and "<b>" not in page


def test_an_operator_accepts_and_the_reason_is_shown(operator: Client, site: ViewedSite) -> None:
    plan = make_plan(site)
    (finding,) = Finding.objects.all()

    answer = operator.post(ACCEPTANCES, {"plan": plan, "finding": finding.pk, "reason": "<i>nobody</i> reads it"})

    assert answer.status_code == 302 and answer["Location"] == PLAN
    page = text_of(operator.get(PLAN))
    assert "Accepted by operator" in page and "&lt;i&gt;nobody&lt;/i&gt; reads it" in page
    assert 'id="accept-form"' not in page


def test_all_are_accepted_with_one_reason(operator: Client, site: ViewedSite) -> None:
    plan = make_plan(site)
    named = " ".join(str(pk) for pk in Finding.objects.values_list("pk", flat=True))

    operator.post(ACCEPTANCES, {"plan": plan, "all": f"{named} ", "reason": "known"})

    assert Acceptance.objects.get().reason == "known"


def test_without_a_reason_or_a_choice_nothing_is_accepted(operator: Client, site: ViewedSite) -> None:
    plan = make_plan(site)

    for given in ({"plan": plan, "reason": "x"}, {"plan": plan, "all": "1", "reason": " "}, {"reason": "x"}):
        page = text_of(operator.post(ACCEPTANCES, given, follow=True))
        assert "Nothing was accepted." in page

    assert not Acceptance.objects.exists()


def test_only_an_operator_accepts(sign_in: SignIn, site: ViewedSite) -> None:
    plan = make_plan(site)
    (finding,) = Finding.objects.all()
    given = {"plan": plan, "finding": finding.pk, "reason": "x"}

    for role in ("lead", "developer", "nobody"):
        assert sign_in(role).post(ACCEPTANCES, given).status_code == 403
    assert Client().post(ACCEPTANCES, given).status_code == 302
    assert sign_in("operator").get(ACCEPTANCES).status_code == 405
    assert sign_in("operator").post(ACCEPTANCES.replace("production", "elsewhere"), given).status_code == 404
    assert not Acceptance.objects.exists()
    assert "An operator must accept 1 finding with a reason." in text_of(sign_in("developer").get(PLAN))


def test_the_sql_can_be_downloaded(lead: Client, site: ViewedSite) -> None:
    assert lead.get(f"{PLAN}sql/").status_code == 404
    plan = make_plan(site)

    answer = lead.get(f"{PLAN}sql/")

    assert answer["Content-Disposition"] == f'attachment; filename="api-production-plan-{plan}.sql"'
    text = answer.content.decode()
    assert "whose version table holds: r1." in text and "CREATE TABLE t2" in text and "DELETE FROM t1" in text


def test_sql_that_lacks_a_revision_cannot_be_run_by_mistake(lead: Client, site: ViewedSite) -> None:
    site.project.add("r4", 'op.get_bind().execute(sa.text("SELECT 1")).scalar()')
    preview_plan(plan_id=site.plan().pk)

    answer = lead.get(f"{PLAN}sql/")

    assert "-incomplete.sql" in answer["Content-Disposition"]
    assert all(line.startswith("--") or not line for line in answer.content.decode().splitlines())
    assert "incomplete" in text_of(lead.get(PLAN)) and "all commented out" in text_of(lead.get(PLAN))


def test_what_a_rehearsal_executed_stands_on_the_page_and_in_the_file(lead: Client, site: ViewedSite) -> None:
    site.configure("rehearsal = {}")
    site.project.add("r4", 'op.get_bind().execute(sa.text("SELECT 1")).scalar()\nop.execute("DELETE FROM t1")')
    connection = sqlite3.connect(site.folder / "production.db")
    connection.execute("CREATE TABLE t1 (id INTEGER)")
    connection.close()
    site.plan()
    site.back_up()
    before = text_of(lead.get(PLAN))

    rehearse_plan_now(rehearsal_id=Rehearsal.objects.get().pk)

    page = text_of(lead.get(PLAN))
    assert "Without a database Alembic cannot write r4: only a rehearsal shows what it executes." in before
    assert "cannot write r4: what the rehearsal executed stands in its place." in page and "from the rehearsal" in page
    assert "DELETE without WHERE: every row of t1 goes" in page and "DELETE without WHERE" not in before
    assert "-- DELETE FROM t1;\n" in lead.get(f"{PLAN}sql/").content.decode()
