"""One environment: where it stands, what it would get, what happened to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dashboard.models import Backup, Run
from dashboard.revisions.status import State, Status
from dashboard.usecases.execute_run import execute_run
from dashboard.views.environment import write_deletion
from tests.views.conftest import ViewedSite, text_of

PRODUCTION = "/projects/api/environments/production/"


def test_it_lists_what_is_pending_in_the_order_of_execution(developer: Client) -> None:
    page = text_of(developer.get(PRODUCTION))

    assert page.index("/revisions/r2/") < page.index("/revisions/r3/")
    assert "Plan the upgrade of 2 revisions" in page


def test_who_may_not_act_reads_who_may(lead: Client) -> None:
    page = text_of(lead.get(PRODUCTION))

    assert "A developer or an operator can plan this upgrade." in page and "An operator can take one." in page
    assert "Plan the upgrade" not in page and "Take a backup" not in page


def test_an_up_to_date_environment_offers_no_upgrade(operator: Client) -> None:
    page = text_of(operator.get("/projects/api/environments/staging/"))

    assert "Nothing is pending." in page and "Plan the upgrade" not in page


def test_a_foreign_revision_offers_no_upgrade(operator: Client, site: ViewedSite) -> None:
    site.set_rows("production", "elsewhere")
    site.observe()

    page = text_of(operator.get(PRODUCTION))

    assert "No upgrade is offered" in page and "Plan the upgrade" not in page
    assert page.index("production holds a revision that this script directory lacks.") < page.index('id="state"')
    assert "?left=env:production&amp;right=heads" in page[page.index('id="trouble"') : page.index('id="state"')]


def test_rows_that_contradict_each_other_come_with_the_statement_that_mends_them(
    operator: Client, site: ViewedSite
) -> None:
    site.set_rows("production", "r1", "r2")
    site.observe()

    page = text_of(operator.get(PRODUCTION))

    trouble = page[page.index('id="trouble"') : page.index('id="state"')]
    assert "<code>DELETE FROM alembic_version WHERE version_num = &#x27;r1&#x27;;</code>" in trouble
    assert "SQL to copy" in trouble and "$ </span>" not in trouble
    assert "not known" in page and 'class="panel-count">1<' not in page and "at every reading since" not in page


def test_the_statement_names_the_configured_version_table() -> None:
    status = Status(State.INCONSISTENT, surplus="it's")

    assert write_deletion(status, "Versions", "app") == """DELETE FROM app."Versions" WHERE version_num = 'it''s';"""
    assert write_deletion(Status(State.INCONSISTENT), "Versions", "app") == ""


def test_a_database_that_is_not_there_is_told_at_the_top_and_asks_for_nothing(
    operator: Client, site: ViewedSite
) -> None:
    (site.folder / "production.db").unlink()
    site.observe()

    page = text_of(operator.get(PRODUCTION))

    assert "production could not be read." in page and page.count("does not exist. Check the path") == 1
    assert "<dt>Database</dt> <dd>not known</dd>" in page
    assert "Tried <time" in page and "Seen <time" not in page
    assert "Take a backup now" not in page and "Compare the schema now" not in page


def test_a_stale_reading_asks_for_the_observer(lead: Client, site: ViewedSite) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=5), tick=False):
        page = text_of(lead.get(PRODUCTION))

    assert '<span class="run-bad">Stale:</span> seen <time' in page and "Is the observer running?" in page


def test_while_a_run_is_under_way_it_is_shown_as_such_and_nothing_else_is_offered(
    operator: Client, site: ViewedSite
) -> None:
    run = site.confirm()

    page = text_of(operator.get(PRODUCTION))

    assert "<dt>Run under way</dt>" in page and f'<a href="/runs/{run.pk}/">run {run.pk}</a>, confirmed' in page
    assert "confirmed an upgrade by 2 revisions" in page and "tried to upgrade" not in page
    assert 'id="other-plans"' not in page


def test_an_environment_that_was_never_read_says_so(operator: Client, site: ViewedSite) -> None:
    site.configure('[projects.api.environments.fresh]\nurl = "sqlite:///fresh.db"')

    page = text_of(operator.get("/projects/api/environments/fresh/"))

    assert "not read yet" in page and "Plan the upgrade" not in page


def test_a_change_from_outside_is_in_the_ledger(lead: Client, site: ViewedSite) -> None:
    site.set_rows("production", "r2")
    site.observe()

    page = text_of(lead.get(PRODUCTION))

    assert "Outside the dashboard" in page


def test_a_run_is_in_the_ledger_and_its_change_is_not_called_foreign(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)
    site.observe()

    page = text_of(lead.get(PRODUCTION))

    assert "upgraded by 2 revisions" in page and "Outside the dashboard" not in page


def test_what_a_run_left_is_told_at_the_top_before_the_next_upgrade_is_offered(
    operator: Client, site: ViewedSite
) -> None:
    site.project.add("r3", "raise RuntimeError('no')", down="r2")
    site.observe()
    run = site.confirm()
    execute_run(run_id=run.pk)
    site.observe()
    run.refresh_from_db()

    page = text_of(operator.get(PRODUCTION))

    assert run.outcome == Run.Outcome.INDETERMINATE
    assert "The upgrade failed, and production may hold a part of a revision." in page
    assert page.index(f'href="/runs/{run.pk}/#outcome-title"') < page.index("Plan the upgrade of")
    assert 'id="outcome-title"' in text_of(operator.get(f"/runs/{run.pk}/"))


@pytest.mark.parametrize(
    ("outcome", "is_told"), [("partial", True), ("rolled_back", False), ("refused", False), ("succeeded", False)]
)
def test_only_a_run_that_may_have_left_something_is_warned_of(
    operator: Client, site: ViewedSite, outcome: str, is_told: bool
) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)
    Run.objects.update(outcome=outcome)

    assert ('id="left"' in text_of(operator.get(PRODUCTION))) is is_told


def test_settings_say_where_a_password_comes_from_and_never_what_it_is(
    lead: Client, site: ViewedSite, monkeypatch: object
) -> None:
    monkeypatch.setenv("THE_URL", "postgresql://migrator:hunter2@127.0.0.1:1/app")  # type: ignore[attr-defined]
    site.configure('[projects.api.environments.far]\nurl = { env = "THE_URL" }')

    page = text_of(lead.get("/projects/api/environments/far/"))

    assert "set, in the URL from the variable THE_URL" in page and "migrator at 127.0.0.1:1/app" in page
    assert "hunter2" not in page


def test_backups_are_polled_only_while_one_is_being_taken(operator: Client, site: ViewedSite) -> None:
    live = f"{PRODUCTION}?part=backups"
    assert 'hx-trigger="every 2s"' not in text_of(operator.get(PRODUCTION))

    operator.post(f"{PRODUCTION}backups/", {"from": "environment"})
    assert operator.get(live, headers={"HX-Request": "true"}).status_code == 200
    Backup.objects.update(state=Backup.State.FAILED, error="disk full")
    ended = operator.get(live, headers={"HX-Request": "true"})

    assert ended.status_code == 286 and "disk full" in text_of(ended)
