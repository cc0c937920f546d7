"""The log of who did what: narrowed by its address, and as a file."""

from __future__ import annotations

import csv

import pytest
from django.test import Client

from dashboard.models import Backup, Intervention, Observation, Plan, Rehearsal
from dashboard.views.csv_file import stream_csv
from tests.views.conftest import ViewedSite, text_of


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("kind=plan", ["planned an upgrade"]),
        ("of=api/staging", []),
        ("who=lead", []),
        ("project=api&environment=production&who=operator&kind=backup", ["asked for a backup"]),
    ],
)
def test_the_address_narrows_the_log(lead: Client, site: ViewedSite, query: str, words: list[str]) -> None:
    site.confirm()

    page = lead.get(f"/audit/?{query}")

    assert [act.words[: len(words[0])] for act, _place in page.context["lines"]] == words
    assert words or "Nothing that matches." in text_of(page)


def test_a_cancellation_is_told_with_its_answer(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    Intervention.objects.create(
        run=run, kind=Intervention.Kind.CANCELLATION, requested_by=site.operator, answer="It had not started."
    )

    page = text_of(lead.get("/audit/"))

    assert f"asked for the cancellation of run {run.pk}" in page and "It had not started." in page


@pytest.mark.parametrize(
    ("state", "tone", "word"),
    [("passed", "current", "passed"), ("failed", "failed", "failed"), ("unavailable", "unknown", "could not be tried")],
)
def test_a_rehearsal_looks_as_it_ended_and_leads_to_its_plan(
    lead: Client, site: ViewedSite, state: str, tone: str, word: str
) -> None:
    plan, backup = site.plan(), site.back_up()
    Rehearsal.objects.create(
        plan=plan, backup=backup, fingerprint=plan.fingerprint, state=state, requested_by=site.operator
    )

    page = lead.get("/audit/?kind=rehearsal")

    ((act, _place),) = page.context["lines"]
    assert (act.words, act.detail) == (f"asked for a rehearsal of plan {plan.pk}", f"on backup {backup.pk}, {word}")
    assert act.tone == tone and lead.get(act.href).context["plan"] == plan


def test_a_plan_of_an_environment_that_is_gone_is_told_without_a_link(lead: Client, site: ViewedSite) -> None:
    plan = site.plan()
    Plan.objects.filter(pk=plan.pk).update(environment="gone")

    page = lead.get("/audit/?kind=plan")

    assert [act.href for act, _place in page.context["lines"]] == [""] and "The API / gone" in text_of(page)


def test_the_whole_log_is_a_file_narrowed_as_the_page_is(lead: Client, site: ViewedSite) -> None:
    site.confirm()

    assert [row["kind"] for row in rows_of(lead, "/audit/audit.csv")] == ["confirmation", "backup", "plan"]
    (backup,) = rows_of(lead, "/audit/audit.csv?kind=backup")
    assert backup["who"] == "operator" and backup["project / environment"] == "api / production"
    assert backup["detail"] == f"backup {Backup.objects.get().pk}, ready"


def test_the_ledger_of_an_environment_is_a_file(lead: Client, site: ViewedSite) -> None:
    site.set_rows("production", "r2")
    site.observe()

    (row,) = rows_of(lead, "/projects/api/environments/production/ledger.csv")

    assert row["who"] == "Outside the dashboard" and (row["rows before"], row["rows after"]) == ("r1", "r2")
    assert row["at"] == Observation.objects.filter(environment="production").latest().observed_at.isoformat()


@pytest.mark.parametrize("typed", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_nothing_in_a_file_is_a_formula_to_a_spreadsheet(typed: str) -> None:
    content = b"".join(stream_csv("a.csv", ("what",), [(typed,)]).streaming_content)  # type: ignore[attr-defined]

    assert content.decode().splitlines()[1].strip('"') == f"'{typed}"
