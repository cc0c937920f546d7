"""Reading databases at a person's wish."""

from __future__ import annotations

from django.test import Client
from django_tasks_db.models import DBTaskResult

from dashboard.models import Observation
from tests.views.conftest import ViewedSite, text_of


def test_it_asks_a_worker_and_answers_at_once(lead: Client, site: ViewedSite) -> None:
    before = Observation.objects.count()

    answer = lead.post("/observations/")

    assert answer.status_code == 302 and answer["Location"] == "/"
    assert DBTaskResult.objects.filter(task_path="dashboard.tasks.observe").count() == 1
    assert Observation.objects.count() == before


def test_one_environment_leads_back_to_its_page(lead: Client, site: ViewedSite) -> None:
    answer = lead.post("/observations/", {"project": "api", "environment": "production"})

    assert answer["Location"] == "/projects/api/environments/production/"


def test_htmx_gets_the_button_back_and_a_sign_to_look_again(lead: Client, site: ViewedSite) -> None:
    answer = lead.post("/observations/", headers={"HX-Request": "true"})

    assert "Reading" in text_of(answer) and 'aria-disabled="true"' in text_of(answer)
    assert answer["HX-Trigger"] == "reading"


def test_an_unknown_name_is_not_found(lead: Client, site: ViewedSite) -> None:
    assert lead.post("/observations/", {"project": "ap"}).status_code == 404
