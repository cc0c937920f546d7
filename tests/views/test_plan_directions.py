"""Other plans than an upgrade: what an environment's page offers, and how such a plan is shown."""

from __future__ import annotations

import sqlite3

import pytest
from django.test import Client

from dashboard.models import Plan
from dashboard.revisions.plan import Direction
from dashboard.usecases.count_losses import count_losses
from dashboard.usecases.plan_change import plan_change
from dashboard.views.plan_words import say_button
from tests.views.conftest import ViewedSite, text_of

ENVIRONMENT = "/projects/api/environments/production/"
PLAN = f"{ENVIRONMENT}plan/"
EVERYTHING = 'allow = ["upgrade", "downgrade", "stamp", "start_fresh"]'


@pytest.fixture
def free_site(site: ViewedSite) -> ViewedSite:
    """Production allows everything."""
    site.configure(EVERYTHING)
    return site


def make(site: ViewedSite, direction: Direction, *targets: str) -> Plan:
    site.observe()
    return plan_change(
        user=site.operator, project="api", environment="production", direction=direction, targets=targets
    )


def test_only_what_allow_names_is_offered(operator: Client, site: ViewedSite) -> None:
    assert "Other plans" not in text_of(operator.get(ENVIRONMENT))

    site.configure('allow = ["upgrade", "downgrade"]')
    page = text_of(operator.get(ENVIRONMENT))

    assert "Downgrade to an earlier revision" in page
    assert "Stamp with a revision" not in page and "Plan to start fresh" not in page


def test_a_lead_reads_who_may_make_such_a_plan_and_gets_no_form(lead: Client, free_site: ViewedSite) -> None:
    page = text_of(lead.get(ENVIRONMENT))

    assert "A developer or an operator can make such a plan." in page and 'name="direction"' not in page


@pytest.mark.parametrize(
    ("direction", "target", "result"), [("downgrade", "base", []), ("stamp", "r2", ["r2"]), ("start_fresh", "", ["r3"])]
)
def test_each_is_planned_by_a_post(
    developer: Client, free_site: ViewedSite, direction: str, target: str, result: list[str]
) -> None:
    answer = developer.post(PLAN, {"direction": direction, "target": target})

    assert answer.status_code == 302 and answer["Location"] == PLAN
    assert (Plan.objects.get().direction, Plan.objects.get().result) == (direction, result)


def test_a_refused_one_says_why(developer: Client, site: ViewedSite) -> None:
    forbidden = text_of(developer.post(PLAN, {"direction": "downgrade", "target": "base"}, follow=True))
    unknown = text_of(developer.post(PLAN, {"direction": "sideways"}, follow=True))

    assert "production does not allow downgrade" in forbidden
    assert "No plan was made. Name a direction" in unknown and not Plan.objects.exists()


def test_a_downgrade_shows_what_would_go_before_it_can_be_confirmed(operator: Client, free_site: ViewedSite) -> None:
    site = free_site
    with sqlite3.connect(site.folder / "production.db") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t1 (id INTEGER PRIMARY KEY, x TEXT)")
        connection.execute("INSERT INTO t1 (id) VALUES (1), (2)")
    connection.close()
    plan = make(site, Direction.DOWNGRADE, "base")

    counting = text_of(operator.get(PLAN))
    polled = operator.get(f"{PLAN}?part=losses", headers={"HX-Request": "true"})
    count_losses(plan_id=plan.pk)
    counted = text_of(operator.get(PLAN))
    ended = operator.get(f"{PLAN}?part=losses", headers={"HX-Request": "true"})

    assert "Data that would go" in counting and "being counted" in counting
    assert polled.status_code == 200 and "hx-get" in polled.content.decode()
    assert "2 rows" in counted and "being counted" not in counted
    assert ended.status_code == 286 and "2 rows" in ended.content.decode()
    assert "Downgrade" in counted and "by 1 revision" in counted
    assert "Afterwards the version table holds no revision." in counted


def test_an_open_gate_names_the_deed_on_its_button(operator: Client, free_site: ViewedSite) -> None:
    site = free_site
    site.back_up()

    make(site, Direction.STAMP, "r3")
    stamp = text_of(operator.get(PLAN))
    fresh = make(site, Direction.START_FRESH)
    down = make(site, Direction.DOWNGRADE, "base")

    assert "Stamp production with r3" in stamp and "Only the version table changes: r1 is removed and r3" in stamp
    assert say_button(fresh) == "Start production fresh, reverting 1, applying 3 revisions"
    assert say_button(down) == "Downgrade production: revert 1 revision"


def test_a_foreign_revision_is_offered_a_stamp_and_nothing_else(operator: Client, free_site: ViewedSite) -> None:
    site = free_site
    site.set_rows("production", "gone")
    site.observe()

    page = text_of(operator.get(ENVIRONMENT))

    assert "Stamp with a revision" in page
    assert "Plan the upgrade" not in page and "Plan the downgrade" not in page and "Plan to start fresh" not in page


def test_where_a_stamp_would_help_and_is_not_allowed_the_page_says_so(operator: Client, site: ViewedSite) -> None:
    site.set_rows("production", "gone")
    site.observe()

    assert "A stamp would help, which production does not allow." in text_of(operator.get(ENVIRONMENT))


def test_several_heads_ask_for_a_target_and_offer_each_and_all(operator: Client, site: ViewedSite) -> None:
    site.project.add("r9", "pass", down="r2")

    page = text_of(operator.get(ENVIRONMENT))
    operator.post(PLAN, {"target": "heads"})

    assert "There are 2 heads. Target" in page and 'value="heads"' in page and 'value="r9"' in page
    assert sorted(Plan.objects.get().target) == ["r3", "r9"]


def test_from_a_merge_point_each_parent_is_offered(developer: Client, free_site: ViewedSite) -> None:
    """
    r3 <- left  <- both
       <- right <-
    """
    free_site.project.add("left", "pass", down="r3")
    free_site.project.add("right", "pass", down="r3")
    path = free_site.project.add("both", "pass", down="left")
    path.write_text(path.read_text().replace("down_revision = 'left'", "down_revision = ('left', 'right')"))
    free_site.set_rows("production", "both")
    free_site.observe()

    page = text_of(developer.get(ENVIRONMENT))
    developer.post(PLAN, {"direction": "downgrade", "target": "right"})

    assert "both is a merge point: whichever parent is named, it alone is reverted, and every parent stays." in page
    assert "Plan the downgrade by 1 revision to left<" in page and "Plan the downgrade by 1 revision to right<" in page
    plan = Plan.objects.get()
    assert [step["revision"] for step in plan.steps] == ["both"] and plan.target == ["left", "right"]
