"""What somebody did by hand to a database is found; what a run does, or a history that cannot be replayed, is no drift."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.databases import schema_comparison
from dashboard.databases.contents import Origin
from dashboard.databases.scratch import read_origin, scratch_database
from dashboard.models import HEARTBEAT_LOST_AFTER, DriftCheck, Run
from dashboard.usecases import replay_history
from dashboard.usecases.catalogue import find_environment, resolve
from dashboard.usecases.check_drift import check_drift_now, end_lost_checks
from dashboard.usecases.keep_backups import sweep_scratch_databases
from dashboard.usecases.request_drift import DriftCheckRefused, queue_due_checks, request_drift_checks
from dashboard.usecases.scratch_places import find_place, mark_for
from tests.usecases.modelled import add_models, database_of
from tests.usecases.running import confirmed, online
from tests.usecases.site import Site, make_person

State, Kind = DriftCheck.State, DriftCheck.Kind


@pytest.fixture(autouse=True)
def scratch_server(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own server is the scratch server of PostgreSQL; nothing is remembered from another test."""
    replay_history._kept.clear()
    if site.dialect == "postgresql":
        monkeypatch.setenv("SCRATCH_URL", site.url.rpartition("/")[0] + "/postgres")
    configure(site)


def configure(site: Site, drift: str = "", *, scratch: bool = True) -> None:
    """With a key `drift`."""
    place = 'scratch = { url = { env = "SCRATCH_URL" } }\n' if scratch and site.dialect == "postgresql" else ""
    site.configure(f"{place}drift = {{ {drift} }}")


def check(site: Site, kind: DriftCheck.Kind = Kind.REVISIONS) -> DriftCheck:
    """Asked for by the operator and done as the worker would."""
    queued = request_drift_checks(user=site.operator, project="api", environment="production")
    found = next(one for one in queued if one.kind == kind)
    DriftCheck.objects.filter(pk__in=[one.pk for one in queued if one != found]).delete()
    check_drift_now(check_id=found.pk)
    found.refresh_from_db()
    return found


def told(found: DriftCheck) -> list[tuple[str, str, str]]:
    """Its differences."""
    assert (found.state, found.error) == (State.DONE, "")
    return [(d["operation"], d["table"], d["name"]) for d in found.differences]


def scratch_left(site: Site) -> list[str]:
    """Scratch databases, or folders, that are there now."""
    if site.dialect == "sqlite":
        return [path.name for path in (site.folder / "var" / "backups").glob("dashboard_scratch_*")]
    return [row[0] for row in site.query("SELECT datname FROM pg_database WHERE datname LIKE 'dashboard_scratch_%'")]


def test_what_was_done_by_hand_is_found_at_the_databases_own_revision(site: Site) -> None:
    assert told(check(site)) == [], "at r1, with r2 and r3 pending"
    site.query("ALTER TABLE t1 ADD COLUMN note TEXT")
    site.query("CREATE TABLE extra (id INTEGER)")
    site.query("CREATE INDEX by_hand ON t1 (x)")
    before = database_of(site).schema_digest(timeout=10)

    found = check(site)

    assert sorted(told(found)) == [
        ("drop_column", "t1", "note"),
        ("drop_index", "t1", "by_hand"),
        ("drop_table", "extra", ""),
    ]
    assert (found.rows, found.number, found.requested_by) == (["r1"], 3, site.operator)
    assert all(d["repair"] and d["adopt"] for d in found.differences)
    assert database_of(site).schema_digest(timeout=10) == before
    assert scratch_left(site) == []


def test_nothing_is_found_after_up_down_and_up_again(site: Site) -> None:
    for way in (("upgrade", "head"), ("downgrade", "r1"), ("upgrade", "head")):
        site.alembic(*way)

    assert told(check(site)) == []


def test_a_second_comparison_replays_nothing_until_a_file_changes(site: Site) -> None:
    check(site)
    path = next((site.project.directory / "alembic" / "versions").glob("r1*"))

    kept = list(replay_history._kept)
    check(site)
    assert list(replay_history._kept) == kept
    path.write_text(path.read_text().replace('sa.Column("x", sa.Text)', 'sa.Column("y", sa.Text)'))

    assert sorted(told(check(site))) == [("add_column", "t1", "y"), ("drop_column", "t1", "x")]


def test_ignored_tables_are_not_told(site: Site) -> None:
    configure(site, 'ignore = ["audit_*"]')
    site.query("CREATE TABLE audit_log (id INTEGER)")

    assert told(check(site)) == []


def test_a_history_that_cannot_be_replayed_is_told_with_the_childs_error(site: Site) -> None:
    site.project.add(
        "r4", online('assert op.get_bind().exec_driver_sql("SELECT count(*) FROM t1").scalar(), "no rows"')
    )
    site.alembic("upgrade", "r3")
    site.query("INSERT INTO t1 (id, x) VALUES (1, 'x')")
    site.alembic("upgrade", "r4")

    found = check(site)

    assert found.state == State.FAILED and found.number is None
    assert "cannot be executed on an empty database. Revision r4: AssertionError: no rows" in found.error
    assert scratch_left(site) == []


def test_a_revision_that_connects_elsewhere_does_not_reach_the_environment(site: Site) -> None:
    path = next((site.project.directory / "alembic" / "versions").glob("r1*"))
    code = f'    import sqlalchemy\n    sqlalchemy.create_engine({site.url!r}).connect()\n    op.create_table("t1"'
    path.write_text(path.read_text().replace('    op.create_table("t1"', code))

    found = check(site)

    assert found.state == State.FAILED
    assert "connects to another database than the scratch copy" in found.error
    assert site.url not in found.error


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_without_a_scratch_server_postgresql_says_what_to_configure(site: Site) -> None:
    configure(site, scratch=False)

    found = check(site)

    assert found.state == State.FAILED and "There is no scratch server" in found.error


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.fault(76)
@pytest.mark.parametrize("kind", Kind)
def test_a_missing_or_empty_sqlite_database_is_told_and_nothing_is_made(kind: DriftCheck.Kind, site: Site) -> None:
    path = Path(site.url.removeprefix("sqlite:///"))
    path.unlink()

    assert check(site, kind).state == State.FAILED
    assert not path.exists()
    path.touch()
    assert "holds no revision" in check(site, kind).error
    assert path.stat().st_size == 0


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
@pytest.mark.fault(76)
@pytest.mark.parametrize("kind", Kind)
def test_an_empty_postgresql_database_is_told_and_nothing_is_made(kind: DriftCheck.Kind, site: Site) -> None:
    site.query("DROP TABLE t1; DROP TABLE alembic_version")

    assert "holds no revision" in check(site, kind).error
    assert site.query("SELECT relname FROM pg_class WHERE relkind = 'r' AND oid > 16384") == []


def test_models_are_compared_with_a_database_at_its_heads(site: Site) -> None:
    add_models(site)
    configure(site)
    assert told(check(site, Kind.MODELS)) == []
    site.query("ALTER TABLE t1 ADD COLUMN note TEXT")
    before = database_of(site).schema_digest(timeout=10)

    found = check(site, Kind.MODELS)

    assert told(found) == [("drop_column", "t1", "note")]
    assert database_of(site).schema_digest(timeout=10) == before


def test_models_are_not_compared_while_revisions_are_pending(site: Site) -> None:
    add_models(site)
    configure(site)
    site.alembic("downgrade", "r1")

    assert "2 revisions are pending, so the models are ahead" in check(site, Kind.MODELS).error


def test_a_run_under_way_is_no_drift(site: Site) -> None:
    run = confirmed(site)

    with pytest.raises(DriftCheckRefused, match="A run is under way"):
        request_drift_checks(user=site.operator, project="api", environment="production")
    queued = DriftCheck.objects.create(project="api", environment="production", kind=Kind.REVISIONS)
    check_drift_now(check_id=queued.pk)
    queued.refresh_from_db()

    assert (queued.state, run.phase) == (State.DISCARDED, Run.Phase.QUEUED)
    assert "what it changes is no drift" in queued.error


def test_what_was_upgraded_while_it_was_compared_is_discarded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    compare = schema_comparison.compare_schema

    def upgrade_then_compare(*arguments: object, **more: object) -> object:
        site.alembic("upgrade", "r2")
        return compare(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("dashboard.usecases.check_drift.compare_schema", upgrade_then_compare)

    found = check(site)

    assert found.state == State.DISCARDED and "while it was compared" in found.error


def test_a_run_of_another_dashboard_is_seen_by_its_lock(site: Site) -> None:
    with database_of(site).hold_run_lock(wait=1) as lock:
        child = site.database()
        if site.dialect == "postgresql":
            child.cursor().execute("SELECT pg_advisory_lock_shared(%s, %s)", lock.challenge["lock_key"])
        found = check(site)
        child.close()

    assert found.state == State.DISCARDED


def test_only_who_may_plan_can_ask_and_only_once_at_a_time(site: Site) -> None:
    with pytest.raises(PermissionDenied):
        request_drift_checks(user=make_person("lead"), project="api", environment="production")
    request_drift_checks(user=make_person("developer"), project="api", environment="production")

    with pytest.raises(DriftCheckRefused, match="already"):
        request_drift_checks(user=site.operator, project="api", environment="production")


def test_it_is_done_by_itself_as_often_as_configured(site: Site) -> None:
    site.observe()
    assert queue_due_checks() == 0
    configure(site, 'every = "1d"')

    assert queue_due_checks() == 1, "the models are compared at the heads alone"
    assert queue_due_checks() == 0
    DriftCheck.objects.update(state=State.DONE, requested_at=timezone.now() - timedelta(hours=25))
    site.alembic("upgrade", "head")
    site.observe()

    assert queue_due_checks() == 2
    assert DriftCheck.objects.filter(requested_by=None).count() == 3


def test_a_dead_workers_check_is_ended_and_its_scratch_database_swept(site: Site) -> None:
    long_ago = timezone.now() - 2 * HEARTBEAT_LOST_AFTER
    lost = DriftCheck.objects.create(
        project="api", environment="production", kind=Kind.REVISIONS, state=State.WORKING, heartbeat_at=long_ago
    )
    environment = find_environment("api", "production")[1]
    origin = Origin() if site.dialect == "sqlite" else read_origin(resolve(environment).target)
    abandoned = scratch_database(find_place(environment), origin, mark_for(lost))
    abandoned.__enter__()

    forgotten = DriftCheck.objects.create(
        project="api", environment="production", kind=Kind.MODELS, requested_at=timezone.now() - timedelta(hours=2)
    )

    assert end_lost_checks() == 2
    assert len(sweep_scratch_databases()) == 1

    lost.refresh_from_db()
    assert lost.state == State.FAILED and "worker" in lost.error
    forgotten.refresh_from_db()
    assert "No worker came to it" in forgotten.error
