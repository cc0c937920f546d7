"""The way back: a run's backup takes the database's place, which is kept; on both databases, as a run like any other."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dashboard.databases.contents import Contents, contents_from_json, list_differences
from dashboard.databases.replacement import DeletionRefused, read_now
from dashboard.models import Backup, Plan, Replacement, Run
from dashboard.revisions.plan import Direction
from dashboard.usecases import restore_backup
from dashboard.usecases.catalogue import find_environment, open_database
from dashboard.usecases.compose_plan import PlanRefused
from dashboard.usecases.confirm_plan import ConfirmationRefused
from dashboard.usecases.replaced_databases import delete_replaced_now, list_kept, request_deletion, short_name
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from dashboard.usecases.survey_restore import LEFT, OBSTACLE
from tests.usecases.running import executing, wait_for
from tests.usecases.site import Site

ALLOW = 'allow = ["upgrade", "downgrade", "stamp", "restore"]'
BEFORE_UNIQUE = "b5e17d3f9a02"
BEFORE_INDEX = "4c80f2e6b9d7"


@pytest.fixture
def api_site(site: Site, repository_root: Path) -> Site:
    """`site` with a copy of api/ in the place of its small project, filled, just before its newest revisions."""
    return fill_api(site, repository_root)


def fill_api(site: Site, root: Path) -> Site:
    site.alembic("downgrade", "base")
    site.query("DROP TABLE alembic_version")
    shutil.rmtree(site.project.directory)
    shutil.copytree(root / "api", site.project.directory, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    site.configure(ALLOW)
    site.alembic("upgrade", BEFORE_UNIQUE)
    filled = subprocess.run(
        [sys.executable, "-m", "app.demo_data", "--orders", "20"],
        cwd=site.project.directory, env={**os.environ, "DATABASE_URL": site.url}, check=False, capture_output=True,
    )  # fmt: skip
    assert filled.returncode == 0, filled.stderr
    return site


def held(site: Site) -> Contents:
    """Schema, counts and hashes of the rows of the environment's database as it is now."""
    return read_now(open_database(*find_environment("api", "production")).target, deadline=30)


def plan_restore(site: Site, backup: Backup) -> Plan:
    return site.plan(str(backup.pk), direction=Direction.RESTORE)


def restore(site: Site, backup: Backup) -> Run:
    return site.execute(site.confirm(plan_restore(site, backup)))


def assert_equals_backup(site: Site, backup: Backup) -> None:
    assert backup.contents is not None
    assert list_differences(contents_from_json(backup.contents), held(site)) == ()
    assert site.rows() == sorted(backup.rows)


def fail_half_way(site: Site) -> Run:
    """To the head of api/, over invoice numbers that are not unique."""
    site.query("UPDATE invoices SET number = 'twice', organisation_id = 1")
    plan = site.plan()
    site.back_up()
    site.accept(plan)
    return site.execute(site.confirm(plan))


@pytest.mark.fault(44)
def test_a_run_that_failed_on_bad_data_is_undone_and_the_database_equals_the_backup(api_site: Site) -> None:
    site = api_site
    failed = fail_half_way(site)
    assert failed.outcome != "succeeded" and "invoice numbers are not unique" in failed.detail
    backup = failed.confirmation.backup
    site.query("CREATE TABLE of_the_failed_revision (x INTEGER)")
    site.query("INSERT INTO of_the_failed_revision VALUES (1), (2), (3)")
    site.query("UPDATE users SET email = 'written since' WHERE id = (SELECT min(id) FROM users)")

    plan = plan_restore(site, backup)
    lost = {row["name"].split('"')[-2]: (row["rows"], row["backup_rows"]) for row in plan.row_counts}
    run = site.execute(site.confirm(plan))

    assert lost["of_the_failed_revision"] == (3, None)
    assert lost["users"][0] == lost["users"][1] > 0, "changed in place is told, too"
    assert "organisations" not in lost
    assert (run.outcome, run.detail) == ("succeeded", ""), run.detail
    assert_equals_backup(site, backup)
    assert "of_the_failed_revision" not in str(held(site).tables), "no table of the failed revision remains"
    assert any("equalled those of backup" in sentence for sentence in run.evidence)


@pytest.mark.timeout(120)
@pytest.mark.fault(44)
def test_a_killed_concurrent_index_is_undone(postgres_site: Site, repository_root: Path) -> None:
    site = fill_api(postgres_site, repository_root)
    site.alembic("upgrade", BEFORE_INDEX)
    plan = site.plan()
    backup = site.back_up()
    site.accept(plan)
    reader = site.database()
    reader.cursor().execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders")
    with executing(site.confirm(plan)) as running:
        wait_for(lambda: site.query("SELECT 1 FROM pg_index WHERE NOT indisvalid"))
        os.kill(running.child_pid(), signal.SIGKILL)
        site.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%' AND pid <> pg_backend_pid()"
        )
        failed = running.finish(30)
    reader.close()
    wait_for(lambda: settle_lost_runs() >= 0 and not Run.objects.exclude(phase="settled").exists())
    assert failed.outcome != "succeeded" and site.query("SELECT 1 FROM pg_index WHERE NOT indisvalid")

    run = restore(site, backup)

    assert (run.outcome, run.detail) == ("succeeded", "")
    assert_equals_backup(site, backup)
    assert site.query("SELECT 1 FROM pg_index WHERE NOT indisvalid") == []


def test_what_belongs_to_a_postgresql_database_is_carried_over(postgres_site: Site, postgres_server: Any) -> None:
    site, name = postgres_site, postgres_site.url.rpartition("/")[2]
    site.configure(ALLOW)
    for sql in (
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader", "DROP ROLE IF EXISTS holder", "CREATE ROLE holder",
        f"ALTER DATABASE {name} OWNER TO holder",
        f"GRANT CONNECT, CREATE ON DATABASE {name} TO reader WITH GRANT OPTION",
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        f"ALTER DATABASE {name} SET search_path TO \"$user\", public, \"Odd, name\"",
        f"ALTER DATABASE {name} SET work_mem = '7MB'",
        f"ALTER ROLE reader IN DATABASE {name} SET application_name = 'it''s \\ mine'",
        f"ALTER DATABASE {name} CONNECTION LIMIT 77",
        f"COMMENT ON DATABASE {name} IS 'ours, isn''t it'",
        "GRANT SELECT ON t1 TO reader", "ALTER TABLE t1 OWNER TO holder", "COMMENT ON TABLE t1 IS 'kept'",
    ):  # fmt: skip
        site.query(sql)
    facts = """
        SELECT pg_get_userbyid(d.datdba), d.datconnlimit, shobj_description(d.oid, 'pg_database'),
          ARRAY(SELECT (a.grantee::regrole::text, a.privilege_type, a.is_grantable)::text
                FROM aclexplode(d.datacl) a ORDER BY 1),
          ARRAY(SELECT (s.setrole::regrole::text, s.setconfig)::text FROM pg_db_role_setting s
                WHERE s.setdatabase = d.oid ORDER BY 1),
          (SELECT (pg_get_userbyid(relowner), relacl)::text FROM pg_class WHERE relname = 't1'),
          obj_description('t1'::regclass)
        FROM pg_database d WHERE d.datname = current_database()"""
    before = site.query(facts)
    backup = site.back_up_now()
    stranger = site.database()

    plan = plan_restore(site, backup)
    run = site.execute(site.confirm(plan))

    assert (run.outcome, run.detail) == ("succeeded", "")
    assert site.query(facts) == before
    assert "Settings: search_path" in " ".join(c["text"] for c in plan.cautions)
    assert any("oid" in c["text"] for c in plan.cautions if c["kind"] == LEFT)
    with pytest.raises(Exception, match=r"terminat|closed"):
        stranger.cursor().execute("SELECT 1")
    assert f"{name}_replaced_{run.pk}" in str(site.query("SELECT datname FROM pg_database"))


def test_it_is_offered_only_where_it_is_allowed_and_goes_back_to_a_backup_of_its_own(site: Site) -> None:
    backup = site.back_up_now()
    with pytest.raises(PlanRefused, match="does not allow restore"):
        plan_restore(site, backup)
    site.configure(ALLOW)
    for number in ("", "r1", "999"):
        with pytest.raises(PlanRefused, match="backup"):
            site.plan(*filter(None, [number]), direction=Direction.RESTORE)
    Backup.objects.filter(pk=backup.pk).update(state="deleted")
    with pytest.raises(PlanRefused, match="is deleted"):
        plan_restore(site, backup)


def test_a_backup_that_was_changed_on_disk_replaces_nothing(site: Site) -> None:
    site.configure(ALLOW)
    backup = site.back_up_now()
    run = site.confirm(plan_restore(site, backup))
    file = next(p for p in [Path(backup.path), *Path(backup.path).glob("*.dat*")] if p.is_file())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    site.execute(run)

    assert run.outcome == "refused" and "is no longer what was proven" in run.detail
    assert site.rows() == ["r1"] and not Replacement.objects.exists()


def test_an_older_backup_and_one_of_the_replaced_database_go_back_as_well(site: Site) -> None:
    """A restored database is another one to the server, but its environment's backups stay its own."""
    site.configure(ALLOW)
    first = site.back_up_now()
    second = site.upgrade("r2").confirmation.backup
    assert restore(site, second).outcome == "succeeded"
    site.query("DROP TABLE t1")

    assert restore(site, first).outcome == "succeeded"

    assert_equals_backup(site, first)
    assert site.upgrade("r3").outcome == "succeeded" and site.rows() == ["r3"]


def test_the_replaced_database_is_kept_until_an_operator_deletes_it(site: Site) -> None:
    site.configure(ALLOW)
    backup = site.back_up_now()
    site.query("INSERT INTO t1 (id, x) VALUES (7, 'written since')")
    run = restore(site, backup)
    (kept,) = list_kept("api", "production")
    assert kept.run == run and not site.query("SELECT * FROM t1")
    with pytest.raises(DeletionRefused, match="Type it exactly"):
        request_deletion(user=site.operator, run_id=run.pk, typed="production")

    request_deletion(user=site.operator, run_id=run.pk, typed=short_name(kept))
    delete_replaced_now(replacement_id=kept.pk)

    kept.refresh_from_db()
    assert kept.deleted_at and kept.deletion_requested_by == site.operator and not kept.deletion_error
    assert list_kept("api", "production") == () and site.rows() == ["r1"]
    assert not exists(site, kept.replaced_name)


def exists(site: Site, name: str) -> bool:
    if site.dialect == "sqlite":
        return Path(name).exists()
    return bool(site.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def test_what_does_not_carry_our_mark_is_never_deleted(site: Site) -> None:
    site.configure(ALLOW)
    run = restore(site, site.back_up_now())
    kept = run.replacement
    if site.dialect == "sqlite":
        Path(f"{kept.replaced_name}.mark").write_text("something else")
    else:
        site.query(f'COMMENT ON DATABASE "{kept.replaced_name}" IS NULL')

    request_deletion(user=site.operator, run_id=run.pk, typed=short_name(kept))
    delete_replaced_now(replacement_id=kept.pk)

    kept.refresh_from_db()
    assert kept.deleted_at is None and "does not carry the mark" in kept.deletion_error
    assert exists(site, kept.replaced_name)


def test_a_file_that_another_process_has_open_is_not_replaced(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure(ALLOW)
    site.query("PRAGMA journal_mode = WAL")
    backup = site.back_up_now()
    path = site.folder / "production.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import sqlite3, time; c = sqlite3.connect({str(path)!r}); c.execute('SELECT 1 FROM t1');"
         "print('open', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout and holder.stdout.readline()
        plan = plan_restore(site, backup)
        with pytest.raises(ConfirmationRefused, match=f"pid {holder.pid}"):
            confirm_anyway(site, plan)
    finally:
        holder.kill()
        holder.wait()

    assert restore(site, backup).outcome == "succeeded"
    assert site.query("PRAGMA journal_mode") == [("wal",)], "the log is kept as it was"
    assert sorted(p.name for p in site.folder.glob("production.db.*") if "restore_" in p.name) == []


def confirm_anyway(site: Site, plan: Plan) -> None:
    from dashboard.usecases.confirm_plan import confirm_plan
    from dashboard.usecases.review_plan import issue_ticket

    assert site.operator.pk is not None
    token = issue_ticket(user_id=site.operator.pk, plan_id=plan.pk, backup_id=int(plan.requested[0]))
    confirm_plan(user=site.operator, token=token, typed="production")


def test_a_role_that_may_not_create_databases_is_told_what_it_lacks(
    postgres_site: Site, postgres_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = postgres_site
    site.configure(ALLOW)
    name = site.url.rpartition("/")[2]
    site.query("DROP ROLE IF EXISTS plain_restorer")
    site.query("CREATE ROLE plain_restorer LOGIN PASSWORD 'plain-secret'")
    site.query("GRANT pg_read_all_data TO plain_restorer")
    backup = site.back_up_now()
    server = postgres_server
    monkeypatch.setenv("TEST_URL", f"postgresql://plain_restorer:plain-secret@{server.host}:{server.port}/{name}")

    plan = plan_restore(site, backup)

    told = [c["text"] for c in plan.cautions if c["kind"] == OBSTACLE]
    assert 'plain_restorer may not create databases. ALTER ROLE "plain_restorer" CREATEDB.' in told
    assert any("may not rename" in text for text in told)
    assert [c.name for c in site.review(plan).conditions if not c.met] == ["Possible"]


@pytest.mark.parametrize("after_the_swap", [False, True])
def test_a_worker_that_dies_leaves_a_restore_that_is_settled_by_what_is_there(
    site: Site, after_the_swap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.configure(ALLOW)
    backup = site.back_up_now()
    site.query("CREATE TABLE later (x INTEGER)")
    run = site.confirm(plan_restore(site, backup))
    real = restore_backup.swap

    def die(*arguments: Any) -> tuple[str, ...]:
        if after_the_swap:
            real(*arguments)
        raise SystemExit("killed")

    monkeypatch.setattr(restore_backup, "swap", die)
    monkeypatch.setattr(restore_backup, "drop_restored", lambda *_: None)
    with pytest.raises(SystemExit):
        site.execute(run)
    monkeypatch.undo()
    monkeypatch.setenv("TEST_URL", site.url)
    Run.objects.filter(pk=run.pk).update(heartbeat_at="2026-01-01T00:00:00Z")

    settle_lost_runs()

    run.refresh_from_db()
    assert run.outcome == ("succeeded" if after_the_swap else "unchanged"), run.detail
    assert exists(site, run.replacement.replaced_name) == after_the_swap
    assert not exists(site, run.replacement.replaced_name.replace("replaced_", "restore_")), "nothing is left beside"
    assert bool(run.replacement.swapped_at) == after_the_swap


def test_writers_of_a_replaced_file_cannot_be_overlooked(sqlite_site: Site) -> None:
    """What another process had in the middle of a transaction keeps the swap out."""
    site = sqlite_site
    site.configure(ALLOW)
    backup = site.back_up_now()
    run = site.confirm(plan_restore(site, backup))
    writer = sqlite3.connect(site.folder / "production.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    started = time.monotonic()

    site.execute(run)

    writer.close()
    assert run.outcome == "refused" and time.monotonic() - started < 30
    assert site.rows() == ["r1"]
