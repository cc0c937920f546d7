"""A person's decision to run a plan."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from dashboard.models import Run
from tests.views.conftest import ViewedSite, text_of

PLAN = "/projects/api/environments/production/plan/"
CONFIRMATIONS = "/projects/api/environments/production/confirmations/"


@pytest.fixture
def token(operator: Client, site: ViewedSite) -> str:
    """Of an open plan page."""
    site.plan()
    site.back_up()
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


def test_a_confirmation_counts_once(operator: Client, token: str) -> None:
    form = {"token": token, "environment": "production"}
    operator.post(CONFIRMATIONS, form)

    answer = operator.post(CONFIRMATIONS, form, follow=True)

    assert "Nothing was run." in text_of(answer) and Run.objects.count() == 1


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
