"""The list of runs."""

from __future__ import annotations

from django.test import Client

from dashboard.usecases.execute_run import execute_run
from tests.views.conftest import ViewedSite, text_of


def test_without_a_run_it_says_how_one_starts(lead: Client) -> None:
    assert "No run yet." in text_of(lead.get("/runs/"))


def test_the_address_narrows_the_list(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()

    assert f"/runs/{run.pk}/" in text_of(lead.get("/runs/?of=api/production&state=queued"))
    assert "No run matches." in text_of(lead.get("/runs/?state=succeeded"))
    assert "No run matches." in text_of(lead.get("/runs/?project=api&environment=staging"))


def test_a_run_on_an_environment_that_is_gone_is_no_link(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    type(run).objects.update(environment="gone")

    page = text_of(lead.get("/runs/"))

    assert "The API / gone" in page and "/environments/gone/" not in page


def test_how_long_runs_took_is_drawn_where_one_environment_is_chosen(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)
    assert "Run durations" not in text_of(lead.get("/runs/?of=api/production")), "one alone says nothing"
    site.set_rows("production", "r1")
    execute_run(run_id=site.confirm().pk)

    assert "Run durations" in text_of(lead.get("/runs/?of=api/production"))
    assert "Run durations" in text_of(lead.get("/projects/api/environments/production/"))
    assert "Run durations" not in text_of(lead.get("/runs/"))
