"""Plan, backup, confirmation, run: the whole way, on both databases, and each way in which it is refused."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.models import Backup, Confirmation, Run, RunLogLine
from dashboard.usecases.compose_plan import PlanRefused
from dashboard.usecases.confirm_plan import ConfirmationRefused, confirm_plan
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.read_status import read_statuses
from tests.usecases.site import Site, make_person


def state_of(site: Site) -> str:
    return read_statuses()[0].environments[0].status.state.value


def log_of(run: Run) -> str:
    return "\n".join(run.log.values_list("text", flat=True))


def test_the_whole_way_ends_at_the_target_and_alembic_agrees(site: Site) -> None:
    plan = site.plan()
    backup = site.back_up()

    run = site.execute(site.confirm(plan))

    assert (run.phase, run.outcome, run.cause) == ("settled", "succeeded", None)
    assert [s["revision"] for s in plan.steps] == ["r2", "r3"]
    assert list(run.steps.values_list("revision", "state")) == [("r2", "applied"), ("r3", "applied")]
    assert site.rows() == ["r3"] and "r3 (head)" in site.alembic("current")
    assert state_of(site) == "current"
    assert backup.state == "proven" and backup.read_through_at and len(backup.sha256) == 64
    assert run.confirmation.spent_at is not None


def test_a_plan_can_stop_before_the_head(site: Site) -> None:
    run = site.upgrade("r2")

    assert run.outcome == "succeeded" and site.rows() == ["r2"]
    assert state_of(site) == "pending"


def test_an_error_in_a_revision_is_told_with_what_is_left(site: Site) -> None:
    site.project.add("r4", 'op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("SELECT * FROM missing")')

    run = site.upgrade()

    assert (run.phase, run.cause) == ("settled", "error")
    assert "missing" in run.detail and "missing" in log_of(run)
    assert list(run.steps.values_list("state", flat=True)) == ["applied", "applied", "failed"]
    if site.dialect == "postgresql":
        assert run.outcome == "rolled_back" and site.rows() == ["r1"]
        assert run.schema_before == run.schema_after != ""
    else:
        assert run.outcome == "indeterminate" and site.rows() == ["r3"]
        assert site.query("SELECT * FROM half") == [], "SQLite kept a part of r4, so nobody may call it pending"
        assert any("2 of 3 revisions" in sentence for sentence in run.evidence)


@pytest.mark.fault(13)
def test_an_env_py_that_swallows_the_error_does_not_pass_for_success(postgres_site: Site) -> None:
    site = postgres_site
    site.project.add("r4", 'raise RuntimeError("never mind")')
    text = site.project.env_py.read_text()
    swallowing = "\n".join(f"    {line}" if line else line for line in text.splitlines())
    site.project.env_py.write_text(f"try:\n{swallowing}\nexcept Exception:\n    pass\n")

    run = site.upgrade()

    assert run.outcome == "unchanged" and run.cause == "error"
    assert "The version table did not change: it holds r1." in run.evidence


@pytest.mark.fault(14)
def test_an_env_py_that_never_commits_does_not_pass_for_success(postgres_site: Site) -> None:
    site = postgres_site
    text = site.project.env_py.read_text()
    site.project.env_py.write_text(
        text.replace(
            "with engine.connect() as connection:",
            "with engine.connect() as connection:\n        connection.begin()",
            1,
        )
    )

    run = site.upgrade()

    assert run.outcome == "unchanged" and site.rows() == ["r1"]


@pytest.mark.fault(57)
@pytest.mark.fault(58)
def test_the_password_reaches_the_database_and_nothing_else(
    postgres_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site = postgres_site
    site.project.write_env(
        extra="from pathlib import Path\nu = context.config.get_main_option('sqlalchemy.url')\nprint('URL', u)\n"
        "print('ENVIRONMENT', os.environ['DATABASE_PASSWORD'])\nprint('ARGV', Path('/proc/self/cmdline').read_bytes())\n"
    )

    run = site.upgrade()

    assert run.outcome == "succeeded"
    assert "URL •••" in log_of(run) and "ENVIRONMENT •••" in log_of(run)
    password, quoted = "p%@/:#w'\" x", site.url.split(":")[2].split("@")[0]
    stored = "\n".join(str(row) for table in connection.introspection.table_names() for row in _rows_of(table))
    for secret in (password, quoted):
        assert secret not in log_of(run) and secret not in stored and secret not in caplog.text


def _rows_of(table: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        return list(cursor.fetchall())


@pytest.mark.fault(64)
def test_a_confirmation_is_used_once(site: Site) -> None:
    plan = site.plan("r2")
    site.back_up()
    token = site.review(plan).token
    site.execute(confirm_plan(user=site.operator, token=token, typed="production"))
    site.alembic("downgrade", "r1")
    site.observe()
    site.back_up()

    with pytest.raises(ConfirmationRefused, match="confirmed already"):
        confirm_plan(user=site.operator, token=token, typed="production")

    assert Run.objects.count() == 1 and site.rows() == ["r1"]


@pytest.mark.fault(64)
def test_a_confirmation_of_another_user_another_plan_or_too_late_is_refused(
    sqlite_site: Site, settings: object
) -> None:
    site = sqlite_site
    plan = site.plan()
    site.back_up()
    token = site.review(plan).token
    somebody = make_person("operator", "somebody")

    with pytest.raises(ConfirmationRefused, match="somebody else"):
        confirm_plan(user=somebody, token=token, typed="production")
    with pytest.raises(ConfirmationRefused, match="another environment's plan"):
        confirm_plan(user=site.operator, token=token, typed="production", project="api", environment="staging")
    with pytest.raises(ConfirmationRefused, match="not of a page"):
        confirm_plan(user=site.operator, token=token[:-3] + "abc", typed="production")
    with pytest.raises(ConfirmationRefused, match="not production"):
        confirm_plan(user=site.operator, token=token, typed="Production")
    settings.DASHBOARD_CONFIRMATION_SECONDS = -1  # type: ignore[attr-defined]
    with pytest.raises(ConfirmationRefused, match="more than 15 minutes"):
        confirm_plan(user=site.operator, token=token, typed="production")

    assert not Run.objects.exists()


@pytest.mark.fault(64)
def test_a_confirmation_that_waited_too_long_for_a_worker_is_spent_on_a_refusal(sqlite_site: Site) -> None:
    site = sqlite_site
    plan = site.plan()
    backup = site.back_up()
    run = site.confirm(plan)
    Confirmation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    site.execute(run)

    assert run.outcome == "refused" and "expired" in run.detail
    assert site.rows() == ["r1"]
    backup.refresh_from_db()
    assert backup.state == "proven"


@pytest.mark.fault(65)
@pytest.mark.fault(77)
@pytest.mark.parametrize(
    "name", ["alembic/versions/r2_r2.py", "alembic/env.py", "alembic.ini", "alembic/versions/beside.py"]
)
def test_a_file_edited_after_the_confirmation_refuses_the_run(site: Site, name: str) -> None:
    path = site.project.directory / name
    if name.endswith("beside.py"):
        path.write_text("VALUE = 1\n")
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    path.write_text(path.read_text() + "\n# edited\n")

    site.execute(run)

    assert run.outcome == "refused" and name in run.detail and "changed" in run.detail
    assert (site.rows() == ["r1"] and run.confirmation.spent_at is None) or Confirmation.objects.get().spent_at


@pytest.mark.fault(66)
def test_a_revision_added_after_the_confirmation_is_not_applied(site: Site) -> None:
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    site.project.add_tables(4)

    site.execute(run)

    assert run.outcome == "refused" and "r4" in run.detail
    assert site.rows() == ["r1"]


@pytest.mark.fault(67)
def test_a_version_table_changed_after_the_confirmation_refuses_the_run(site: Site) -> None:
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    site.alembic("upgrade", "r2")

    site.execute(run)

    assert run.outcome == "refused" and "r2 now" in run.detail
    assert site.rows() == ["r2"]


@pytest.mark.fault(37)
def test_a_backup_replaced_after_the_confirmation_refuses_the_run(site: Site) -> None:
    plan = site.plan()
    backup = site.back_up()
    run = site.confirm(plan)
    path = Path(backup.path)
    victim = max((p for p in path.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size) if path.is_dir() else path
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)

    site.execute(run)

    assert run.outcome == "refused" and "no longer what was proven" in run.detail
    assert site.rows() == ["r1"]


@pytest.mark.fault(43)
def test_an_old_backup_or_one_of_other_rows_keeps_the_gate_closed(site: Site) -> None:
    backup = site.back_up()
    plan = site.plan()
    assert site.review(plan).token
    Backup.objects.update(taken_at=timezone.now() - timedelta(hours=2))

    assert site.review(plan).token == ""
    assert "2 h old" in " ".join(c.words for c in site.review(plan).conditions if not c.met)

    Backup.objects.filter(pk=backup.pk).update(taken_at=timezone.now(), rows=["r0"])
    assert site.review(plan).token == ""


@pytest.mark.fault(21)
def test_two_people_who_confirm_at_once_start_one_run(site: Site) -> None:
    plan = site.plan()
    site.back_up()
    tokens = [site.review(plan).token for _ in range(4)]
    results: list[object] = []

    def click(token: str) -> None:
        try:
            results.append(confirm_plan(user=site.operator, token=token, typed="production"))
        except Exception as refusal:
            results.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    refusals = [result for result in results if not isinstance(result, Run)]
    assert all(isinstance(refusal, ConfirmationRefused) for refusal in refusals), refusals
    assert sum(isinstance(result, Run) for result in results) == 1 == Run.objects.count()


@pytest.mark.fault(22)
def test_two_workers_execute_a_run_once(site: Site) -> None:
    plan = site.plan("r2")
    site.back_up()
    run = site.confirm(plan)

    execute_run(run_id=run.pk)
    execute_run(run_id=run.pk)

    assert RunLogLine.objects.filter(run=run, text__contains="r2: applied").count() == 1


def test_the_lock_of_another_run_refuses_this_one(site: Site) -> None:
    from dashboard.usecases.catalogue import find_environment, open_database

    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)

    with open_database(*find_environment("api", "production")).hold_run_lock(wait=1):
        site.execute(run)

    assert run.outcome == "refused" and "holds" in run.detail
    assert site.rows() == ["r1"]


def test_an_environment_that_requires_another_waits_for_it(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure(
        extra=f'requires = ["staging"]\n[projects.api.environments.staging]\nurl = "sqlite:///{site.folder}/staging.db"'
    )
    site.observe()
    plan = site.plan()
    site.back_up()

    missing = [c for c in site.review(plan).conditions if not c.met]

    assert [c.name for c in missing] == ["Promotion"]
    assert site.review(plan).token == ""


def test_an_up_to_date_environment_gets_no_plan(site: Site) -> None:
    site.alembic("upgrade", "head")

    with pytest.raises(PlanRefused, match="up to date"):
        site.plan()


@pytest.mark.fault(19)
def test_several_heads_ask_for_a_target_and_name_them(site: Site) -> None:
    site.project.add("r9", "pass", down="r2")

    with pytest.raises(PlanRefused, match=r"2 heads: r3, r9"):
        site.plan()

    assert [s["revision"] for s in site.plan("r9").steps] == ["r2", "r9"]


@pytest.mark.fault(75)
def test_tables_without_a_version_table_are_not_upgraded(site: Site) -> None:
    site.query("DROP TABLE alembic_version")

    with pytest.raises(PlanRefused, match="Stamp it"):
        site.plan()


def test_a_revision_that_fails_at_once_on_sqlite_is_first_advised_to_be_mended_not_stamped(sqlite_site: Site) -> None:
    site = sqlite_site
    site.upgrade()
    site.project.add("r4", 'op.execute("INSERT INTO missing VALUES (1)")')

    run = site.upgrade()

    steps = explain_run(run).next_steps
    assert run.outcome == "indeterminate" and run.schema_before == run.schema_after
    assert steps[0].text == "The schema is as before, so at most rows differ: look at the rows that r4 writes."
    assert steps[1].text.startswith("Where nothing of it is there, mend what the log names")
    assert steps[2].command == "alembic stamp r4"
