"""A person's decision to run a plan."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from dashboard.models import Run
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.gather_gate import read_gate
from tests.views.conftest import ViewedSite, text_of

PLAN = "/projects/api/environments/production/plan/"
CONFIRMATIONS = "/projects/api/environments/production/confirmations/"


@pytest.fixture
def token(operator: Client, site: ViewedSite) -> str:
    """Of an open plan page."""
    site.plan()
    site.back_up()
    return token_of(operator)


def token_of(operator: Client) -> str:
    found = re.search(r'name="token" value="([^"]+)"', operator.get(PLAN).content.decode())
    assert found
    return found[1]


def test_the_typed_name_starts_the_run_and_shows_it(operator: Client, token: str) -> None:
    answer = operator.post(CONFIRMATIONS, {"token": token, "environment": "production"})

    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/" and run.phase == Run.Phase.QUEUED


@pytest.mark.parametrize("typed", ["", "Production", "staging"])
def test_another_name_starts_nothing(operator: Client, token: str, typed: str) -> None:
    answer = operator.post(CONFIRMATIONS, {"token": token, "environment": typed}, follow=True)

    assert "Nothing was run." in text_of(answer) and not Run.objects.exists()


def test_what_is_to_be_typed_is_said_where_the_browser_refuses_another_name(operator: Client, token: str) -> None:
    page = text_of(operator.get(PLAN))

    assert 'pattern="production" title="Type the environment\'s name: production"' in page


def test_a_confirmation_counts_once_and_the_second_leads_to_the_run(operator: Client, token: str) -> None:
    form = {"token": token, "environment": "production"}
    other_tab = token_of(operator)
    operator.post(CONFIRMATIONS, form)
    run = Run.objects.get()

    for second in (form, form | {"token": other_tab}):
        answer = operator.post(CONFIRMATIONS, second, follow=True)

        assert answer.redirect_chain[-1][0] == f"/runs/{run.pk}/" and Run.objects.count() == 1
        said = text_of(answer)
        assert f"Plan {run.confirmation.plan_id} was confirmed already: run {run.pk}." in said
        assert "Nothing was run." not in said


def test_a_second_confirmation_leads_to_a_run_that_has_succeeded_meanwhile(operator: Client, token: str) -> None:
    form = {"token": token, "environment": "production"}
    operator.post(CONFIRMATIONS, form)
    run = Run.objects.get()
    execute_run(run_id=run.pk)

    answer = operator.post(CONFIRMATIONS, form, follow=True)

    assert answer.redirect_chain[-1][0] == f"/runs/{run.pk}/" and Run.objects.count() == 1


def test_a_plan_is_not_confirmed_once_a_newer_one_was_made(operator: Client, token: str, site: ViewedSite) -> None:
    newer = site.plan()

    answer = operator.post(CONFIRMATIONS, {"token": token, "environment": "production"}, follow=True)

    said = text_of(answer)
    assert f"Nothing was run. Plan {newer.pk} of operator, made " in said and "UTC, is newer. Look at it" in said
    assert not Run.objects.exists()


def test_a_newer_plan_does_not_stop_what_was_confirmed_before(operator: Client, token: str, site: ViewedSite) -> None:
    operator.post(CONFIRMATIONS, {"token": token, "environment": "production"})
    site.plan()

    assert Run.objects.get().phase == Run.Phase.QUEUED
    gate = read_gate(plan=Run.objects.get().confirmation.plan, backup=None, own_run=Run.objects.get())
    assert "Latest" not in {condition.name for condition in gate.conditions}


def test_every_reason_stands_in_one_message(operator: Client, token: str, site: ViewedSite) -> None:
    (edited,) = site.project.directory.glob("alembic/versions/r2*")
    edited.write_text(edited.read_text() + "# edited\n")
    site.plan()

    answer = operator.post(CONFIRMATIONS, {"token": token, "environment": "production"}, follow=True)

    assert text_of(answer).count("Nothing was run.") == 1 and not Run.objects.exists()


def test_the_form_of_one_environment_confirms_no_other(operator: Client, token: str) -> None:
    elsewhere = CONFIRMATIONS.replace("production", "staging")

    operator.post(elsewhere, {"token": token, "environment": "production"})

    assert not Run.objects.exists()


@pytest.mark.parametrize("forged", ["", "x", "x" * 2000])
def test_a_forged_token_starts_nothing(operator: Client, token: str, forged: str) -> None:
    answer = operator.post(CONFIRMATIONS, {"token": forged, "environment": "production"}, follow=True)

    assert "Nothing was run." in text_of(answer) and not Run.objects.exists()


def test_a_developer_cannot_confirm(developer: Client, token: str) -> None:
    answer = developer.post(CONFIRMATIONS, {"token": token, "environment": "production"})

    assert answer.status_code == 403 and not Run.objects.exists()
