"""The SQL of a plan, its findings, and a person's word for them: real children on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from dashboard.models import Acceptance, Finding, Plan, PlanPreview, Run
from dashboard.revisions.plan import Direction
from dashboard.usecases.accept_finding import AcceptanceRefused, accept_findings
from dashboard.usecases.preview_plan import preview_plan, stored_sql
from dashboard.usecases.sql_script import list_findings, write_script
from tests.usecases.site import Site, make_person


def preview(site: Site, *targets: str, direction: Direction = Direction.UPGRADE) -> Plan:
    plan = site.plan(*targets, direction=direction)
    preview_plan(plan_id=plan.pk)
    return plan


def levels(plan: Plan) -> list[tuple[str, str, str]]:
    return [(f.revision, f.level, f.rule) for f in Finding.objects.filter(preview__plan=plan)]


def accept(site: Site, plan: Plan, reason: str = "copied elsewhere") -> None:
    findings = list(Finding.objects.filter(preview__plan=plan).values_list("pk", flat=True))
    accept_findings(
        user=site.operator, project="api", environment="production", plan=plan.pk, findings=findings, reason=reason
    )


def closed(site: Site, plan: Plan) -> list[str]:
    return [c.words for c in site.review(plan).conditions if not c.met]


def test_the_sql_is_of_exactly_the_plan_and_touches_no_database(site: Site) -> None:
    plan = preview(site)

    reading = stored_sql(plan)

    assert reading is not None
    text = write_script(reading.pieces)
    assert "CREATE TABLE t2" in text and "CREATE TABLE t3" in text and "CREATE TABLE t1" not in text
    assert [(p.position, p.revision) for p in reading.pieces if p.position] == [(1, "r2"), (2, "r3")]
    assert site.rows() == ["r1"] and levels(plan) == []


def test_the_gate_waits_for_the_sql_and_then_for_what_takes_data(site: Site) -> None:
    site.project.add("r4", 'op.execute("DELETE FROM t1")')
    plan = site.plan()
    site.back_up()
    assert not PlanPreview.objects.exists()

    assert "1 finding is not accepted." in " ".join(closed(site, plan))
    accept(site, plan)

    assert closed(site, plan) == []
    assert site.execute(site.confirm(plan)).outcome == Run.Outcome.SUCCEEDED
    word = Acceptance.objects.get()
    assert (word.accepted_by, word.reason, word.rule) == (site.operator, "copied elsewhere", "delete-all")


def test_a_word_holds_in_a_later_plan_until_the_file_changes(sqlite_site: Site) -> None:
    site = sqlite_site
    path = site.project.add("r4", 'op.execute("DELETE FROM t1")')
    accept(site, preview(site))
    site.back_up()
    assert closed(site, preview(site)) == []

    path.write_text(path.read_text() + "\n# one more line\n")

    assert "1 finding is not accepted" in " ".join(closed(site, preview(site)))


def test_a_downgrade_has_findings_of_its_own(site: Site) -> None:
    site.configure('allow = ["upgrade", "downgrade", "start_fresh"]')

    plan = preview(site, "base", direction=Direction.DOWNGRADE)

    assert levels(plan) == [("r1", "destructive", "ban-drop-table")]


def test_start_fresh_is_previewed_there_and_back(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure('allow = ["upgrade", "start_fresh"]')

    plan = preview(site, direction=Direction.START_FRESH)

    reading = stored_sql(plan)
    assert reading is not None
    assert [p.revision for p in reading.pieces if p.position] == ["r1", "r1", "r2", "r3"]
    assert [(f["revision"], f["step"]) for f in list_findings(reading)] == [("r1", 1)]


def test_a_revision_that_needs_a_database_is_named_and_the_others_are_written(site: Site) -> None:
    site.project.add("r4", 'op.execute("SELECT 1")\nop.get_bind().execute(sa.text("SELECT 2")).scalar()')
    site.project.add_tables(5)

    plan = preview(site)

    reading = stored_sql(plan)
    assert reading is not None
    assert ("r4", "not_understood", "not-written") in levels(plan)
    assert "It asks the database for something" in Finding.objects.get(rule="not-written").message
    text = write_script(reading.pieces)
    assert "CREATE TABLE t5" in text and "SELECT 1" not in text
    assert all(line.startswith("--") or not line for line in text.splitlines()), "nothing of it can be run"
    named = next(f for f in list_findings(reading) if f["rule"] == "not-written")
    assert "Running upgrade r3 -> r4" in text.splitlines()[named["line"] - 1]


def test_what_a_batch_drops_must_be_accepted_although_its_sql_cannot_be_written(sqlite_site: Site) -> None:
    """Alembic reflects the table for a batch, which it cannot do offline: the file tells all the same."""
    site = sqlite_site
    site.project.add(
        "r4",
        'op.drop_table("t2")\nwith op.batch_alter_table("t1") as batch:\n    batch.drop_column("x")',
        'op.create_table("t2", sa.Column("id", sa.Integer))',
    )
    plan = preview(site)
    site.back_up()

    assert levels(plan) == [
        ("r4", "not_understood", "not-written"),
        ("r4", "destructive", "ban-drop-table"),
        ("r4", "destructive", "ban-drop-column"),
    ]
    assert "2 findings are not accepted." in " ".join(closed(site, plan))
    accept(site, plan)
    assert closed(site, plan) == []


def test_without_any_sql_the_files_tell_what_goes(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("r4", 'op.drop_table("t1")')
    site.project.write_env(extra="if context.is_offline_mode():\n    raise RuntimeError('never offline')")

    plan = preview(site)

    assert levels(plan) == [("r4", "destructive", "ban-drop-table")]
    assert "1 finding is not accepted." in " ".join(closed(site, plan))


def test_a_preview_writes_nothing_even_where_a_revision_connects_by_itself(site: Site) -> None:
    """Before it is confirmed, no code of a revision may change the database."""
    site.project.add(
        "r4",
        """
        import os
        with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
            connection.execute(sa.text("CREATE TABLE written_too_early (id INTEGER)"))
        """,
    )

    plan = preview(site)

    assert ("r4", "not_understood", "not-written") in levels(plan)
    with pytest.raises(Exception, match="written_too_early"):
        site.query("SELECT * FROM written_too_early")


def test_an_env_py_that_fails_leaves_the_sql_unknown_and_closes_nothing(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.write_env(extra='if context.is_offline_mode(): raise SystemExit("there is no offline mode here")')

    plan = preview(site)
    site.back_up()

    assert "there is no offline mode here" in PlanPreview.objects.get().error and stored_sql(plan) is None
    assert closed(site, plan) == []
    assert "no more is known than the files tell" in " ".join(c.words for c in site.review(plan).conditions)


def test_files_that_changed_after_the_plan_are_not_previewed(sqlite_site: Site) -> None:
    site = sqlite_site
    plan = site.plan()
    site.project.add_tables(9)
    path = next(site.project.directory.rglob("r2_*.py"))
    path.write_text(path.read_text() + "\n# edited\n")

    preview_plan(plan_id=plan.pk)

    assert "r2" in PlanPreview.objects.get().error and stored_sql(plan) is None


def test_what_must_be_accepted_is_the_environments_choice(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("r4", 'op.execute("DELETE FROM t1")\nop.create_index("u", "t1", ["x"], unique=True)')
    plan = preview(site)
    site.back_up()
    words = {}

    for choice in ("[]", '["destructive"]', '["destructive", "note"]'):
        site.configure(f"accept_findings = {choice}")
        words[choice] = " ".join(closed(site, plan))

    assert (
        words["[]"] == ""
        and "1 finding" in words['["destructive"]']
        and "2 findings" in words['["destructive", "note"]']
    )


def test_who_may_accept_and_how(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("r4", 'op.execute("DELETE FROM t1")')
    plan = preview(site)
    (finding,) = Finding.objects.values_list("pk", flat=True)
    given = {"project": "api", "environment": "production", "plan": plan.pk, "findings": [finding], "reason": "fine"}

    with pytest.raises(PermissionDenied):
        accept_findings(**{**given, "user": make_person("developer")})
    for wrong in ({"reason": " "}, {"findings": []}, {"findings": [finding, 999]}, {"plan": plan.pk + 1}):
        with pytest.raises(AcceptanceRefused):
            accept_findings(**{**given, **wrong, "user": site.operator})
    first = accept_findings(**given, user=site.operator)
    again = accept_findings(**{**given, "reason": "other"}, user=site.operator)

    assert first == again and Acceptance.objects.get().reason == "fine"


def test_no_secret_is_kept_in_the_sql(postgres_site: Site, postgres_server: object) -> None:
    site = postgres_site
    password = str(postgres_server.password)  # type: ignore[attr-defined]
    site.project.add("r4", f'op.execute(sa.text("COMMENT ON TABLE t1 IS :it").bindparams(it={password!r}))')

    plan = preview(site)

    reading = stored_sql(plan)
    assert reading is not None and "COMMENT ON TABLE t1" in write_script(reading.pieces)
    assert password not in str(PlanPreview.objects.get().pieces)
