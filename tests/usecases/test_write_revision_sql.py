"""The SQL of one revision, both ways, by a worker: real children on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.database_target import Dialect
from dashboard.models import RevisionSql
from dashboard.revisions.records import RevisionRecord
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.preview_plan import SqlReading
from dashboard.usecases.read_history import read_history
from dashboard.usecases.sql_script import write_script
from dashboard.usecases.write_revision_sql import (
    DialectSql,
    RevisionSqlRefused,
    read_revision_sql,
    request_revision_sql,
    write_revision_sql,
)
from tests.usecases.site import Site, make_person


def record_of(revision: str) -> RevisionRecord:
    return read_history(configuration().project("api")).graph.records[revision]


def ask(site: Site, revision: str, **changes: object) -> RevisionSql:
    record = record_of(revision)
    given: dict[str, object] = {
        "user": site.operator,
        "project": configuration().project("api"),
        "record": record,
        "sha256": record.sha256,
        "dialect": site.dialect,
    }
    return request_revision_sql(**(given | changes))  # type: ignore[arg-type]


def read(revision: str) -> DialectSql:
    (found,) = read_revision_sql(configuration().project("api"), record_of(revision))
    return found


def written(site: Site, revision: str) -> dict[str, SqlReading]:
    write_revision_sql(number=ask(site, revision).pk)
    found = read(revision)
    assert found.kept is not None and found.kept.error == ""
    return found.ways


def test_both_ways_are_written_with_their_findings_and_touch_no_database(site: Site) -> None:
    assert read("r2") == DialectSql(Dialect(site.dialect), None, {})

    ways = written(site, "r2")

    up, down = (write_script(ways[way].pieces) for way in ("upgrade", "downgrade"))
    assert "CREATE TABLE t2" in up and "UPDATE alembic_version SET version_num='r2'" in up and "t1" not in up
    assert "DROP TABLE t2" in down and "UPDATE alembic_version SET version_num='r1'" in down and "t3" not in down
    assert [f.rule for f in ways["upgrade"].findings] == []
    assert [f.rule for f in ways["downgrade"].findings] == ["ban-drop-table"]
    assert site.rows() == ["r1"]


def test_a_base_and_a_merge_point_are_written_from_what_they_build_on(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("side", 'op.execute("SELECT 1")', down="r1")
    merge = site.project.add("merged", "pass", down="r3")
    merge.write_text(merge.read_text().replace("down_revision = 'r3'", "down_revision = ('r3', 'side')"))
    site.project.add("late", "pass", down="r2").write_text(
        (site.project.directory / "alembic/versions/side_side.py")
        .read_text()
        .replace("'side'", "'late'")
        .replace("down_revision = 'r1'", "down_revision = 'r2'")
        .replace("depends_on = None", "depends_on = 'side'")
    )

    base, merged, late = (written(site, revision) for revision in ("r1", "merged", "late"))

    assert "INSERT INTO alembic_version" in write_script(base["upgrade"].pieces)
    assert "DELETE FROM alembic_version WHERE alembic_version.version_num = 'r1'" in write_script(
        base["downgrade"].pieces
    )
    assert "version_num = 'side'" in write_script(merged["upgrade"].pieces)
    assert "'side'" in write_script(merged["downgrade"].pieces)
    assert "'late'" in write_script(late["upgrade"].pieces)


def test_what_cannot_be_written_says_why_each_way_alone(site: Site) -> None:
    path = site.project.add("r4", 'op.get_bind().execute(sa.text("SELECT 1")).scalar()', 'op.execute("SELECT 4")')
    ways = written(site, "r4")
    path.write_text(path.read_text().partition("def downgrade")[0])
    without = written(site, "r4")

    assert "NOT WRITTEN" in write_script(ways["upgrade"].pieces)
    assert [f.rule for f in ways["upgrade"].findings] == ["not-written"]
    assert "\nSELECT 4;" in write_script(ways["downgrade"].pieces)
    assert "The file has no downgrade()" in write_script(without["downgrade"].pieces)


def test_it_holds_for_one_file_and_is_written_again_on_request(sqlite_site: Site) -> None:
    site = sqlite_site
    written(site, "r2")
    path = next(site.project.directory.rglob("r2_*.py"))
    path.write_text(path.read_text().replace('"x"', '"y"'))
    assert read("r2").kept is None

    kept = ask(site, "r2")
    assert read("r2").is_awaited and ask(site, "r2") == kept
    RevisionSql.objects.filter(pk=kept.pk).update(asked_at=timezone.now() - timedelta(hours=1))

    assert not read("r2").is_awaited
    assert '"y"' not in str(read("r2").ways) and " y " in write_script(written(site, "r2")["upgrade"].pieces)
    assert RevisionSql.objects.count() == 2


def test_who_may_ask_and_for_what(sqlite_site: Site) -> None:
    site = sqlite_site
    for wrong in ({"record": None}, {"sha256": "0"}, {"dialect": "postgresql"}, {"dialect": "x"}):
        with pytest.raises(RevisionSqlRefused):
            ask(site, "r2", **wrong)
    with pytest.raises(PermissionDenied):
        ask(site, "r2", user=make_person("lead"))
    assert not RevisionSql.objects.exists()
    assert ask(site, "r2", user=make_person("developer")).asked_by.username == "developer"


def test_a_file_that_changed_since_and_an_env_py_that_fails_are_told(sqlite_site: Site) -> None:
    site = sqlite_site
    kept = ask(site, "r2")
    path = next(site.project.directory.rglob("r2_*.py"))
    path.write_text(path.read_text() + "\n# edited\n")
    write_revision_sql(number=kept.pk)
    site.project.write_env(extra='if context.is_offline_mode(): raise SystemExit("no offline mode here")')

    write_revision_sql(number=ask(site, "r3").pk)

    kept.refresh_from_db()
    assert "has changed since" in kept.error
    failed = read("r3").kept
    assert failed is not None and "no offline mode here" in failed.error and not failed.ways
