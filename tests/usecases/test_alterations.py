"""Applied revisions are never edited: what is remembered of their files, and how an alteration is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dashboard.models import AppliedFile
from dashboard.revisions.alterations import Alteration, AlterationKind
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.read_alterations import AlterationDiff, read_alterations, show_alteration
from dashboard.usecases.read_status import read_statuses
from tests.usecases.branching import BranchedProject
from tests.usecases.site import Site


@pytest.fixture
def project(tmp_path: Path, settings: Any, db: None) -> BranchedProject:
    """a <- b <- c; staging has c, production has b, and both were observed."""
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    made = BranchedProject(tmp_path).start()
    made.add("a")
    made.add("b", "a")
    made.add("c", "b")
    set_rows(made, "staging", "c")
    set_rows(made, "production", "b")
    observe_environments()
    return made


def set_rows(project: BranchedProject, environment: str, *rows: str) -> None:
    """Puts a database at these revisions, as somebody else could."""
    connection = sqlite3.connect(project.folder / f"{environment}.db")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("DELETE FROM alembic_version")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
    connection.close()


def found() -> tuple[Alteration, ...]:
    """Of project api."""
    (status,) = read_statuses(project="api")
    return read_alterations(status)


def diff_of(alteration: Alteration) -> AlterationDiff:
    """Of project api."""
    return show_alteration(project=configuration().project("api"), alteration=alteration)


def kept(environment: str) -> dict[str, AppliedFile]:
    """By revision: what the environment has now."""
    files = AppliedFile.objects.filter(environment=environment, gone_at=None)
    return {file.revision: file for file in files}


def test_every_applied_revision_is_remembered_as_first_seen(project: BranchedProject) -> None:
    assert set(kept("staging")) == {"a", "b", "c"} and set(kept("production")) == {"a", "b"}
    assert {file.how for file in kept("staging").values()} == {AppliedFile.How.OBSERVED}
    assert kept("staging")["b"].down_revision == ["a"]
    assert found() == ()


def test_observing_again_adds_nothing(project: BranchedProject) -> None:
    observe_environments()
    observe_environments()

    assert AppliedFile.objects.count() == 5


def test_an_edit_is_told_with_the_diff_and_the_environments(project: BranchedProject) -> None:
    project.write("b", "a", body="op.execute('SELECT 1')")

    (alteration,) = found()
    diff = diff_of(alteration)

    assert (alteration.kind, alteration.applied.revision) == (AlterationKind.EDITED, "b")
    assert set(alteration.environments) == {"staging", "production"}
    assert "-    pass" in diff.lines and "+    op.execute('SELECT 1')" in diff.lines
    assert "pass" in project.git("show", f"{diff.commit}:alembic/versions/b.py")


def test_an_edit_that_is_put_back_is_told_no_more(project: BranchedProject) -> None:
    before = project.path("b").read_bytes()
    project.write("b", "a", body="op.execute('SELECT 1')")
    assert found()

    project.path("b").write_bytes(before)

    assert found() == ()


def test_an_environment_that_got_the_edited_file_is_not_named(project: BranchedProject) -> None:
    project.write("c", "b", body="op.execute('SELECT 1')")
    project.commit()
    set_rows(project, "production", "c")
    observe_environments()

    (alteration,) = found()

    assert alteration.applied.revision == "c" and alteration.environments == ("staging",)


def test_a_deleted_revision_is_told_and_its_file_shown(project: BranchedProject) -> None:
    project.delete("c")
    observe_environments()

    (alteration,) = found()

    assert (alteration.kind, alteration.now) == (AlterationKind.DELETED, None)
    assert alteration.environments == ("staging",)
    assert "-revision = 'c'" in diff_of(alteration).lines


def test_a_missing_parent_closes_nothing(project: BranchedProject) -> None:
    """b is gone, so that it cannot be seen any more that staging has a."""
    project.delete("b")
    set_rows(project, "staging", "b", "c")
    observe_environments()
    set_rows(project, "staging", "c")
    observe_environments()

    assert set(kept("staging")) == {"a", "b", "c"}
    assert [(a.kind, a.applied.revision) for a in found()] == [(AlterationKind.DELETED, "b")]


def test_a_reparented_revision_is_told(project: BranchedProject) -> None:
    project.write("c", "a")
    project.commit()

    assert [(a.kind, a.applied.revision) for a in found()] == [(AlterationKind.REPARENTED, "c")]


def test_a_file_that_only_moved_is_no_alteration(project: BranchedProject) -> None:
    project.path("c").rename(project.path("c_renamed"))
    project.commit()

    assert found() == ()


def test_what_was_never_committed_has_no_diff_and_says_so(project: BranchedProject) -> None:
    project.write("d", "c")
    set_rows(project, "staging", "d")
    observe_environments()
    project.write("d", "c", body="op.execute('SELECT 1')")

    (alteration,) = found()

    assert diff_of(alteration).lines == () and "No commit" in diff_of(alteration).missing


def test_a_revision_that_was_reverted_and_applied_again_counts_anew(project: BranchedProject) -> None:
    set_rows(project, "staging", "b")
    observe_environments()
    project.write("c", "b", body="op.execute('SELECT 1')")
    project.commit()
    set_rows(project, "staging", "c")
    observe_environments()

    assert found() == ()
    assert AppliedFile.objects.filter(environment="staging", revision="c").count() == 2


def test_a_run_keeps_the_hash_of_what_was_confirmed(sqlite_site: Site) -> None:
    run = sqlite_site.upgrade()

    assert run.outcome == "succeeded"
    files = kept("production")
    steps = {step["revision"]: step["sha256"] for step in run.confirmation.plan.steps}
    assert set(files) == {"r1", "r2", "r3"}
    assert {r: f.sha256 for r, f in files.items() if f.how == AppliedFile.How.RUN} == steps
    assert files["r2"].run == run and files["r1"].how == AppliedFile.How.OBSERVED
