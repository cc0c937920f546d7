"""Help, health and what is shown when something goes wrong."""

from __future__ import annotations

import io
import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from dashboard.access import ROLES
from dashboard.gate.condition import Gate
from dashboard.gate.finding_policy import Level
from dashboard.models import Run
from dashboard.refusal_lines import RefusalInOneLine
from dashboard.revisions.branches import Verdict
from dashboard.revisions.plan import Direction
from dashboard.revisions.status import Reason, State
from dashboard.views import help_words
from dashboard.views.badges import STATE_WORDS
from tests.views.conftest import ViewedSite, text_of


def test_help_explains_every_word(lead: Client) -> None:
    page = text_of(lead.get("/help/"))

    assert set(help_words.STATES) == set(State) and set(help_words.REASONS) == set(Reason)
    assert set(help_words.OUTCOMES) == set(Run.Outcome) and set(help_words.CAUSES) == set(Run.Cause)
    assert set(help_words.DIRECTIONS) == set(Direction) and set(help_words.FINDINGS) == set(Level)
    assert set(help_words.VERDICTS) == set(Verdict)
    assert set(help_words.GATES) == set(Gate) and set(help_words.ROLES) == set(ROLES)
    assert all(STATE_WORDS[state] in page and f'id="help-{state}"' in page for state in State)
    assert all(f'id="help-{outcome}"' in page for outcome in (*Run.Outcome, "cancelled", "queued", "unsettled"))


def test_health_needs_no_login_and_tells_nothing(site: ViewedSite) -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 200 and answer.content == b"ok\n"


def test_a_refused_person_reads_who_may(lead: Client) -> None:
    answer = lead.post("/projects/api/environments/production/plan/")

    assert answer.status_code == 403
    assert "This needs the role developer or operator." in text_of(answer)
    assert "in the role lead" in text_of(answer) and "dashboard.create_plan" not in text_of(answer)


def test_an_expired_form_says_what_to_do(site: ViewedSite) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.operator)

    answer = client.post("/observations/")

    assert answer.status_code == 403 and "This form has expired" in text_of(answer)


def test_a_mistake_of_ours_is_a_page_that_calms() -> None:
    answer = server_error(RequestFactory().get("/"))

    assert answer.status_code == 500 and "No environment's database was changed by this" in text_of(answer)


def test_the_sidebar_shows_states_and_marks_the_page(lead: Client) -> None:
    page = text_of(lead.get("/projects/api/environments/production/"))

    assert 'aria-current="page">production</a>' in page
    assert 'title="pending 2"' in page


def test_a_sidebar_of_many_environments_folds(lead: Client, site: ViewedSite) -> None:
    more = "".join(f'[projects.api.environments.t{n}]\nurl = "sqlite:///t{n}.db"\n' for n in range(20))
    site.configure(more)
    for number in range(20):
        site.set_rows(f"t{number}", "r3")
    site.observe()

    page = text_of(lead.get("/help/"))

    assert "All 22 environments" in page and ">production</a>" in page and ">t7</a>" not in page


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/projects/api/environments/production/backups/", "/projects/api/environments/production/"),
        ("/projects/api/environments/production/rehearsals/overrides/", "/projects/api/environments/production/"),
        ("/projects/api/revision-sql/", "/"),
        ("/observations/", "/"),
    ],
)
def test_the_address_of_a_form_leads_back_to_the_page_of_its_button(operator: Client, path: str, back: str) -> None:
    answer = operator.get(path)

    assert answer.status_code == 405 and answer["Allow"] == "POST"
    assert "Nothing was sent" in text_of(answer) and f'<a href="{back}">' in text_of(answer)


def test_a_refusal_is_one_line_of_the_log() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RefusalInOneLine())
    try:
        raise PermissionDenied("This needs the role operator.")
    except PermissionDenied as error:
        refused = logging.makeLogRecord(
            {"msg": "Forbidden: %s", "args": ("/runs/",), "exc_info": (type(error), error, error.__traceback__)}
        )

    handler.handle(refused)

    assert written.getvalue() == "Forbidden: /runs/: This needs the role operator.\n"


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/projects/apy/history/", '<a href="/projects/api/history/">Show api</a>'),
        (
            "/projects/api/environments/prodution/",
            '<a href="/projects/api/environments/production/">Show production</a>',
        ),
    ],
)
def test_a_name_that_is_nearly_right_leads_to_the_one_that_was_meant(lead: Client, path: str, link: str) -> None:
    answer = lead.get(path)

    assert answer.status_code == 404 and link in text_of(answer)
