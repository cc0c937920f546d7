"""What Alembic cannot write without a database is shown as a rehearsal executed it: on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from dashboard.models import Finding, Plan, Rehearsal
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.preview_plan import preview_plan, stored_sql
from dashboard.usecases.read_history import read_history
from dashboard.usecases.rehearse_plan import rehearse_plan_now
from dashboard.usecases.sql_script import list_findings, write_script
from dashboard.usecases.write_revision_sql import read_revision_sql, request_revision_sql, write_revision_sql
from tests.usecases.site import Site

COUNTS_FIRST = """
found = op.get_bind().execute(sa.text("SELECT count(*) FROM t1")).scalar()
op.execute("DELETE FROM t1")
op.get_bind().execute(sa.text("INSERT INTO t1 (id, x) VALUES (:id, :x)"), {"id": found, "x": "private"})
"""


@pytest.fixture
def rehearsing(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Asks for rehearsals; r4 looks at the data first."""
    scratch = ""
    if site.dialect == "postgresql":
        monkeypatch.setenv("SCRATCH_URL", site.url.rpartition("/")[0] + "/postgres")
        scratch = 'scratch = { url = { env = "SCRATCH_URL" } }\n'
    site.configure(f"{scratch}rehearsal = {{}}")
    site.project.add("r4", COUNTS_FIRST)
    return site


def rehearsed(site: Site) -> Plan:
    """Planned, backed up, previewed, and rehearsed as the worker would."""
    plan = site.plan()
    site.back_up()
    preview_plan(plan_id=plan.pk)
    rehearse_plan_now(rehearsal_id=Rehearsal.objects.get(plan=plan, state=Rehearsal.State.QUEUED).pk)
    return plan


def sql_of(plan: Plan) -> str:
    reading = stored_sql(plan)
    assert reading is not None
    return write_script(reading.pieces)


def rules(plan: Plan) -> list[tuple[str, str]]:
    return [(f.revision, f.rule) for f in Finding.objects.filter(preview__plan=plan)]


def test_what_was_executed_stands_in_its_place_and_is_looked_through(rehearsing: Site) -> None:
    site = rehearsing

    plan = rehearsed(site)

    lines = sql_of(plan).splitlines()
    begin = next(n for n, line in enumerate(lines) if "FROM THE REHEARSAL" in line)
    assert "NOT WRITTEN" in lines[begin - 2] and "Running upgrade r3 -> r4" in lines[begin - 3]
    assert all(line.startswith("--") or not line for line in lines), "nothing of it can be run by mistake"
    assert "private" not in "".join(lines) and "-- INSERT INTO t1 (id, x) VALUES (" in "".join(lines)
    assert rules(plan) == [("r4", "not-written"), ("r4", "delete-all")]
    reading = stored_sql(plan)
    assert reading is not None
    found = {f["rule"]: f for f in list_findings(reading)}
    assert lines[found["delete-all"]["line"] - 1] == "-- DELETE FROM t1;"
    assert "What its rehearsal executed stands in its place" in found["not-written"]["message"]


def test_a_finding_of_a_rehearsal_must_be_accepted_like_any_other(rehearsing: Site) -> None:
    site = rehearsing

    plan = rehearsed(site)

    closed = [c.words for c in site.review(plan).conditions if not c.met]
    assert closed == ["1 finding is not accepted."]
    assert ("r4", "delete-all") in rules(plan)
    site.accept(plan)
    assert site.review(plan).token


def test_it_is_kept_by_repeated_rehearsals_and_by_the_same_plan_made_anew(rehearsing: Site) -> None:
    site = rehearsing
    plan = rehearsed(site)
    first, known = sql_of(plan), rules(plan)
    rehearse_plan_now(rehearsal_id=Rehearsal.objects.get(state=Rehearsal.State.QUEUED).pk)

    again = site.plan()
    preview_plan(plan_id=again.pk)

    assert (sql_of(plan), rules(plan)) == (first, known)
    assert again.pk != plan.pk and "-- DELETE FROM t1;" in sql_of(again) and rules(again) == known


def test_a_step_that_failed_is_not_shown_as_executed(rehearsing: Site) -> None:
    site = rehearsing
    site.project.add("r5", 'if op.get_bind().execute(sa.text("SELECT 1")).scalar():\n    raise ValueError("not here")')

    plan = rehearsed(site)

    assert Rehearsal.objects.filter(plan=plan, state=Rehearsal.State.FAILED).exists()
    text = sql_of(plan)
    assert text.count("FROM THE REHEARSAL") == 1 and "-- DELETE FROM t1;" in text


def test_a_revision_s_own_sql_is_completed_by_a_rehearsal_of_its_file(rehearsing: Site) -> None:
    site = rehearsing
    rehearsed(site)
    project = configuration().project("api")
    record = read_history(project).graph.records["r4"]

    asked = request_revision_sql(
        user=site.operator, project=project, record=record, sha256=record.sha256, dialect=site.dialect
    )
    write_revision_sql(number=asked.pk)

    (found,) = read_revision_sql(project, record)
    assert "-- DELETE FROM t1;" in write_script(found.ways["upgrade"].pieces)
    assert [f.rule for f in found.ways["upgrade"].findings] == ["not-written", "delete-all"]
