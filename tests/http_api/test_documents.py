"""The JSON API returns exactly what `--json` prints, to those who may read, and waits for no database."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from dashboard.usecases.preview_plan import preview_plan
from tests.usecases.conftest import sqlite_at_r1, sqlite_site  # noqa: F401  (the fixtures)
from tests.usecases.site import Site, make_person


@pytest.fixture
def lead(sqlite_site: Site) -> Client:  # noqa: F811
    sqlite_site.observe()
    client = Client()
    client.force_login(make_person("lead"))
    return client


def printed(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/api/v1/status", ("status",)),
        ("/api/v1/projects/api/status", ("status", "api")),
        ("/api/v1/projects/api/environments/production/status", ("status", "api", "production")),
        ("/api/v1/projects/api/history", ("history", "api")),
    ],
)
def test_it_returns_what_the_command_prints(lead: Client, path: str, command: tuple[str, ...]) -> None:
    assert lead.get(path).json() == printed(*command)


def test_a_plan_is_made_from_the_latest_observation(lead: Client, sqlite_site: Site) -> None:  # noqa: F811
    address = "/api/v1/projects/api/environments/production/plan?target=r2"

    first = lead.get(address).json()
    told = printed("plan", "api", "production", "--target", "r2")

    assert first["findings"] is None, "nobody has had its SQL written, and a page starts no child"
    assert {**first, "observed_at": None, "findings": []} == {**told, "observed_at": None}


def test_the_sql_of_a_plan_that_somebody_made_is_what_the_command_prints(
    lead: Client, sqlite_site: Site,  # noqa: F811
) -> None:  # fmt: skip
    sqlite_site.project.add("r4", 'op.execute("DELETE FROM t1")')
    preview_plan(plan_id=sqlite_site.plan("r4").pk)

    answer = lead.get("/api/v1/projects/api/environments/production/plan?target=r4&sql").json()

    told = printed("plan", "api", "production", "--target", "r4", "--sql")
    assert {**answer, "observed_at": None} == {**told, "observed_at": None}
    assert [(f["revision"], f["level"]) for f in answer["findings"]] == [("r4", "destructive")]
    assert "DELETE FROM t1" in answer["sql"].splitlines()[answer["findings"][0]["line"] - 1]


@pytest.mark.parametrize(
    "path", ["/api/v1/projects/x/status", "/api/v1/projects/x/history", "/api/v1/projects/api/environments/x/plan"]
)
def test_a_stranger_is_not_found(lead: Client, path: str) -> None:
    response = lead.get(path)

    assert (
        response.status_code == 404 and "There is no" in response.json()["error"]
    ) or "no environment" in response.json()["error"]


def test_what_cannot_be_planned_is_a_conflict_with_the_reason(lead: Client) -> None:
    response = lead.get("/api/v1/projects/api/environments/production/plan?target=nope")

    assert response.status_code == 409 and "nope" in response.json()["error"]


def test_nobody_reads_without_signing_in(lead: Client) -> None:
    assert Client().get("/api/v1/status").status_code == 302
    assert lead.post("/api/v1/status").status_code == 405
