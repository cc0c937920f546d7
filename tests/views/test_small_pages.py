"""Help, health and what is shown when something goes wrong."""

from __future__ import annotations

from django.test import Client, RequestFactory

from dashboard.access import ROLES
from dashboard.gate.condition import Gate
from dashboard.gate.finding_policy import Level
from dashboard.models import Run
from dashboard.revisions.branches import Verdict
from dashboard.revisions.plan import Direction
from dashboard.revisions.status import Reason, State
from dashboard.views import help_words
from dashboard.views.badges import STATE_WORDS
from dashboard.views.errors import server_error
from tests.views.conftest import ViewedSite, text_of


def test_help_explains_every_word(lead: Client) -> None:
    page = text_of(lead.get("/help/"))

    assert set(help_words.STATES) == set(State) and set(help_words.REASONS) == set(Reason)
    assert set(help_words.OUTCOMES) == set(Run.Outcome) and set(help_words.CAUSES) == set(Run.Cause)
    assert set(help_words.DIRECTIONS) == set(Direction) and set(help_words.FINDINGS) == set(Level)
    assert set(help_words.VERDICTS) == set(Verdict)
    assert set(help_words.GATES) == set(Gate) and set(help_words.ROLES) == set(ROLES)
    assert all(STATE_WORDS[state] in page and f'id="help-{state}"' in page for state in State)
    assert all(f'id="help-{outcome}"' in page for outcome in Run.Outcome)


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
