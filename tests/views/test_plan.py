"""The plan and its gate."""

from __future__ import annotations

from django.test import Client

from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction
from dashboard.usecases.preview_plan import preview_plan
from dashboard.views.gates import say_what_if_it_fails
from tests.views.conftest import ViewedSite, text_of

ENVIRONMENT = "/projects/api/environments/production/"
PLAN = f"{ENVIRONMENT}plan/"


def test_a_developer_makes_a_plan(developer: Client) -> None:
    answer = developer.post(PLAN)

    assert answer.status_code == 302 and answer["Location"] == PLAN
    assert [step["revision"] for step in Plan.objects.get().steps] == ["r2", "r3"]


def test_a_plan_may_end_earlier(developer: Client) -> None:
    developer.post(PLAN, {"target": "r2"})

    assert Plan.objects.get().target == ["r2"]


def test_a_refused_plan_says_why(developer: Client) -> None:
    answer = developer.post("/projects/api/environments/staging/plan/", follow=True)

    assert "No plan was made." in text_of(answer) and "up to date" in text_of(answer)


def test_a_plan_that_a_newer_one_retired_or_of_another_number_has_no_page(lead: Client, site: ViewedSite) -> None:
    older, newer = site.plan(), site.plan()

    assert lead.get(f"{PLAN}?plan={newer.pk}").status_code == 200
    for number in (str(older.pk), "99", "x", "-1"):
        assert lead.get(f"{PLAN}?plan={number}").status_code == 404


def test_without_a_plan_the_page_says_how_to_make_one(developer: Client, lead: Client) -> None:
    assert "Plan the upgrade of 2 revisions" in text_of(developer.get(PLAN))
    assert "A developer or an operator can plan this upgrade." in text_of(lead.get(PLAN))


def test_while_the_gate_is_closed_the_button_is_absent_and_what_is_missing_is_listed(
    operator: Client, site: ViewedSite
) -> None:
    site.plan()

    page = text_of(operator.get(PLAN))

    assert "production cannot be upgraded yet. Missing:" in page and "There is no backup of production yet." in page
    assert 'id="typed"' not in page


def test_an_open_gate_asks_an_operator_for_the_name(operator: Client, site: ViewedSite) -> None:
    site.plan()
    site.back_up()

    page = text_of(operator.get(PLAN))

    assert "read, not restored" in page and "Upgrade production: apply 2 revisions" in page and "If it fails" in page


def test_a_developer_reads_that_an_operator_goes_on(developer: Client, site: ViewedSite) -> None:
    site.plan()
    site.back_up()

    page = text_of(developer.get(PLAN))

    assert "An operator can confirm this plan" in page and 'id="typed"' not in page


def test_a_plan_out_of_date_says_so_and_offers_a_new_one(operator: Client, site: ViewedSite) -> None:
    site.plan()
    site.back_up()
    site.set_rows("production", "r2")
    site.observe()

    page = text_of(operator.get(PLAN))

    assert "This plan is out of date. It cannot be run." in page and "Plan the upgrade of 1 revision<" in page
    assert 'id="typed"' not in page


def test_a_plan_that_was_run_leads_to_its_run(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()

    page = text_of(operator.get(PLAN))

    assert "This plan was run" in page and f"/runs/{run.pk}/" in page and 'id="typed"' not in page


def test_polling_ends_when_the_backup_does_and_brings_the_whole_gate(operator: Client, site: ViewedSite) -> None:
    site.plan()
    live = f"{PLAN}?part=backup"
    operator.post("/projects/api/environments/production/backups/")
    working = operator.get(live, headers={"HX-Request": "true"})
    Backup.objects.update(state=Backup.State.FAILED, error="no space left")
    ended = operator.get(live, headers={"HX-Request": "true"})

    assert working.status_code == 200 and "every 2s" in text_of(working)
    assert "no space left" in text_of(ended) and "holds the database" not in text_of(ended)
    assert ended.status_code == 286 and ended["HX-Retarget"] == "#plan-body" and "no space left" in text_of(ended)


def test_a_poll_is_answered_with_nothing_until_the_backup_comes_further_which_the_tab_tells(
    operator: Client, site: ViewedSite
) -> None:
    site.plan()
    operator.post("/projects/api/environments/production/backups/")
    version = operator.get(PLAN).context["version"]
    polls = [f"{page}?part={part}&seen={version}" for page, part in ((PLAN, "backup"), (ENVIRONMENT, "backups"))]

    assert [operator.get(poll, headers={"HX-Request": "true"}).status_code for poll in polls] == [204, 204]
    assert operator.get(polls[0]).status_code == 200

    Backup.objects.get().activities.create(kind="copying", bytes_done=30, bytes_expected=100)
    answers = [operator.get(poll, headers={"HX-Request": "true"}) for poll in polls]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "<title>backup 30 % · Upgrade The API / production" in text_of(answers[0])


def test_a_page_that_polls_is_loaded_anew_once_there_is_a_newer_plan(operator: Client, site: ViewedSite) -> None:
    older = site.plan()
    live = f"{PLAN}?part=sql&of={older.pk}"
    assert "HX-Refresh" not in operator.get(live, headers={"HX-Request": "true"}).headers

    site.plan()

    assert operator.get(live, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_a_gates_heading_says_in_short_what_its_list_says_in_full(operator: Client, site: ViewedSite) -> None:
    site.configure("requires_review = true")
    site.plan()

    page = text_of(operator.get(PLAN))

    assert "closed. Not reviewed, and 1 more</span>" in page
    assert page.count('#review"><span class="tag tag-warning">not reviewed</span>') == 2
    assert "Not reviewed: r2, r3." in page and '<a href="#gate-backup">Backup</a>: There is no backup' in page


def test_while_a_backup_is_taken_nothing_is_promised_of_it_and_nobody_is_told_to_act(
    operator: Client, site: ViewedSite
) -> None:
    site.plan()
    operator.post("/projects/api/environments/production/backups/")
    backup = Backup.objects.get()

    page = text_of(operator.get(PLAN))

    assert f"Backup {backup.pk} will hold the database as it was before, once it is proven." in page
    assert f"Backup {backup.pk} is being taken. The rehearsal can start once it is proven." in page
    assert '<li class="check check-working">' in page and "Take one first" not in page


def test_a_gate_that_only_a_worker_keeps_closed_is_worked_at(operator: Client, site: ViewedSite) -> None:
    site.plan()

    changes = operator.get(PLAN).context["gates"][0]

    assert (changes.state, changes.verdict) == (
        "working",
        "The SQL of this plan is still being written and looked through",
    )


def test_only_the_first_gate_that_a_person_can_pass_has_a_filled_button(operator: Client, site: ViewedSite) -> None:
    site.project.add("r4", 'op.execute("DELETE FROM t1")')
    plan = site.plan()
    before = operator.get(PLAN)
    preview_plan(plan_id=plan.pk)
    after = operator.get(PLAN)

    assert [gate.gate for gate in before.context["gates"] if gate.leads] == ["backup"]
    assert '<button class="button" type="submit">Take a new backup now' in text_of(before)
    assert [gate.gate for gate in after.context["gates"] if gate.leads] == ["changes"]
    assert '<button class="button button-quiet" type="submit">Take a new backup now' in text_of(after)


def test_what_is_missing_leads_to_the_form_and_to_the_other_environments_plan(
    operator: Client, site: ViewedSite
) -> None:
    site.configure('requires = ["staging"]')
    site.project.add("r4", 'op.execute("DELETE FROM t1")')
    plan = site.plan()
    preview_plan(plan_id=plan.pk)

    page = text_of(operator.get(PLAN))

    assert '<a href="#acceptance">Changes</a>: 1 finding is not accepted.' in page and 'id="acceptance"' in page
    assert page.count("every row of t1 goes") == 1
    assert '<a href="#gate-confirm">Confirm</a>: staging does not have r4 yet. Upgrade staging first.' in page
    assert page.count('<a href="/projects/api/environments/staging/plan/">Plan of staging</a>') == 2


def test_a_stamp_that_fails_leaves_no_half_revision(site: ViewedSite) -> None:
    assert say_what_if_it_fails("SQLite 3.40", None, Direction.STAMP).endswith("as planned or not at all.")
