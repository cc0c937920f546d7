"""Comparing branches of real repositories: what each has alone, and what they become once they are merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dashboard.revisions.comparison import Relation
from dashboard.revisions.conflicts import ConflictKind
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.compare import ComparedSides, SideRefused, compare
from dashboard.usecases.merge_commands import merge_commands
from dashboard.usecases.observe import observe_environments
from tests.usecases.branching import BranchedProject


@pytest.fixture
def project(tmp_path: Path, settings: Any, db: None) -> BranchedProject:
    """main holds a <- b."""
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    made = BranchedProject(tmp_path).start()
    made.add("a")
    made.add("b", "a")
    return made


def compared(left: str, right: str) -> ComparedSides:
    """By their words."""
    return compare(project=configuration().project("api"), left=left, right=right)


def only(found: ComparedSides) -> tuple[list[str], list[str]]:
    """The ids that each side has alone."""
    comparison = found.comparison
    return [r.revision for r in comparison.only_left], [r.revision for r in comparison.only_right]


def kinds(found: ComparedSides) -> list[tuple[ConflictKind, str]]:
    """Of the conflicts."""
    return [(conflict.kind, conflict.revision) for conflict in found.comparison.conflicts]


def heads(found: ComparedSides) -> list[str]:
    """After the merge."""
    return sorted(r.revision for r in found.comparison.heads_after_merge)


def test_a_branch_that_goes_on_from_main_is_clean(project: BranchedProject) -> None:
    """a <- b (main) <- c <- d (feature)"""
    project.branch("feature")
    project.add("c", "b")
    project.add("d", "c")

    found = compared("ref:main", "ref:feature")

    assert found.comparison.relation is Relation.AHEAD
    assert [r.revision for r in found.comparison.common] == ["b"]
    assert only(found) == ([], ["c", "d"])
    assert heads(found) == ["d"]
    assert found.comparison.is_clean


def test_two_branches_from_one_revision_need_a_merge(project: BranchedProject) -> None:
    """a <- b <- m (main), b <- f (feature)"""
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    project.add("m", "b")

    found = compared("ref:main", "ref:feature")

    assert found.comparison.relation is Relation.DIVERGED
    assert [r.revision for r in found.comparison.common] == ["b"]
    assert only(found) == (["m"], ["f"])
    assert heads(found) == ["f", "m"]
    assert found.comparison.merge_needed and not found.comparison.conflicts
    (command,) = merge_commands(found.project, found.comparison.to_merge)
    assert command.startswith("alembic merge -m 'merge ") and set(command.split()[-2:]) == {"f", "m"}


def test_what_it_says_instead_of_a_merge_makes_the_history_linear(project: BranchedProject) -> None:
    """b <- f <- g (feature) follows m (main) once f says so."""
    project.branch("feature")
    project.add("f", "b")
    project.add("g", "f")
    project.checkout("main")
    project.add("m", "b")
    (edit,) = compared("ref:main", "ref:feature").comparison.reparentings

    project.checkout("feature")
    project.merge("main")
    path = project.directory / edit.record.path
    path.write_text(path.read_text().replace("down_revision = 'b'", f"down_revision = {edit.down_revision!r}"))
    project.commit("linearise")

    found = compared("ref:main", "ref:feature")
    assert (edit.record.revision, edit.down_revision) == ("f", "m")
    assert heads(found) == ["g"] and found.comparison.is_clean


def test_a_merge_that_alembic_made_is_clean(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    project.add("m", "b")
    project.checkout("feature")
    project.merge("main")
    project.add("x", "f", "m")

    found = compared("ref:main", "ref:feature")

    assert heads(found) == ["x"] and found.comparison.is_clean


def test_an_edit_of_an_existing_revision_is_a_conflict_on_the_side_that_proposes_it(project: BranchedProject) -> None:
    project.branch("feature")
    project.write("b", "a", body="op.execute('SELECT 1')")
    project.commit()

    found, turned = compared("ref:main", "ref:feature"), compared("ref:feature", "ref:main")

    assert kinds(found) == [(ConflictKind.EDITED, "b")]
    assert [(one.revision, other.revision) for one, other in found.comparison.differing] == [("b", "b")]
    assert kinds(turned) == [] and turned.comparison.differing


def test_an_edit_on_both_sides_is_told(project: BranchedProject) -> None:
    project.branch("feature")
    project.write("b", "a", body="op.execute('SELECT 1')")
    project.commit()
    project.checkout("main")
    project.write("b", "a", body="op.execute('SELECT 2')")
    project.commit()

    assert kinds(compared("ref:main", "ref:feature")) == [(ConflictKind.EDITED_ON_BOTH, "b")]


def test_the_same_id_made_twice_is_a_collision(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("0003", "b", message="add a column")
    project.checkout("main")
    project.add("0003", "b", message="add an index", name="0003_index")

    found = compared("ref:main", "ref:feature")

    assert kinds(found) == [(ConflictKind.COLLISION, "0003")]
    assert "'add an index' on the left" in found.comparison.conflicts[0].detail


def test_the_same_file_on_both_sides_is_no_conflict(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("c", "b")
    project.checkout("main")
    project.add("c", "b")

    found = compared("ref:main", "ref:feature")

    assert found.comparison.relation is Relation.SAME and found.comparison.is_clean


def test_a_deleted_revision_is_told_and_so_is_what_misses_it(project: BranchedProject) -> None:
    """feature deletes b; main has put m on it since."""
    project.branch("feature")
    project.delete("b")
    project.checkout("main")
    project.add("m", "b")

    found = compared("ref:main", "ref:feature")

    assert (ConflictKind.DELETED, "b") in kinds(found)
    assert (ConflictKind.BROKEN_HISTORY, "m") in kinds(found)


def test_a_branch_that_is_only_behind_deletes_nothing(project: BranchedProject) -> None:
    project.branch("feature")
    project.checkout("main")
    project.add("m", "b")

    found = compared("ref:main", "ref:feature")

    assert found.comparison.relation is Relation.BEHIND
    assert only(found) == (["m"], []) and heads(found) == ["m"] and found.comparison.is_clean


def test_a_rebased_revision_is_told_with_both_places(project: BranchedProject) -> None:
    """f followed b when it was pushed; rebased, it follows m."""
    project.branch("feature")
    pushed = project.add("f", "b")
    project.checkout("main")
    project.add("m", "b")
    project.branch("rebased")
    project.add("f", "m")

    found = compared(f"ref:{pushed}", "ref:rebased")

    (conflict,) = found.comparison.conflicts
    assert (conflict.kind, conflict.revision) == (ConflictKind.REBASED, "f")
    assert conflict.detail == "It follows b on the left, m on the right."


def test_a_reparented_revision_is_told(project: BranchedProject) -> None:
    project.add("c", "b")
    project.branch("feature")
    project.write("c", "a")
    project.commit()

    found = compared("ref:main", "ref:feature")

    assert kinds(found) == [(ConflictKind.REPARENTED, "c")]
    assert heads(found) == ["b", "c"]


def test_two_merges_of_the_same_heads_are_told(project: BranchedProject) -> None:
    """left and right both merge f and m, each by a revision of its own."""
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    project.add("m", "b")
    project.merge("feature")
    for side in ("left", "right"):
        project.branch(side)
        project.add(f"x-{side}".replace("-", "_"), "f", "m")
        project.checkout("main")

    found = compared("ref:left", "ref:right")

    assert kinds(found) == [(ConflictKind.SAME_MERGE, "x_right")]
    assert heads(found) == ["x_left", "x_right"]


def test_criss_cross_merges_have_two_bases_and_no_false_edit(project: BranchedProject) -> None:
    """Both branches merged each other once, so that git knows two common commits."""
    project.branch("one")
    first = project.add("f", "b")
    project.branch("two", at="main")
    second = project.add("g", "b")
    project.git("checkout", "--quiet", "one")
    project.git("merge", "--quiet", "--no-edit", second)
    project.checkout("two")
    project.git("merge", "--quiet", "--no-edit", first)
    project.add("h", "g")
    project.checkout("one")
    project.add("x", "f", "g")

    found = compared("ref:one", "ref:two")

    assert len(found.bases) == 2
    assert only(found) == (["x"], ["h"])
    assert sorted(r.revision for r in found.comparison.common) == ["f", "g"]
    assert heads(found) == ["h", "x"] and not found.comparison.conflicts


def test_a_dependency_on_the_other_branch_hides_its_head(project: BranchedProject) -> None:
    """f (feature, a base of its own) depends on b: one effective head after the merge."""
    project.branch("feature")
    project.add("f", needs="b", label="billing")

    found = compared("ref:main", "ref:feature")

    assert heads(found) == ["f"] and found.comparison.is_clean


def test_permanent_heads_are_merged_within_their_line(project: BranchedProject) -> None:
    """a <- b <- e (expand), b <- k (contract): both stay. feature adds e2 beside main's e1, and both are of expand."""
    project.configure('heads = ["expand", "contract"]')
    project.add("e", "b", label="expand")
    project.add("k", "b", label="contract", needs="e")
    project.branch("feature")
    project.add("e2", "e")
    project.checkout("main")
    clean = compared("ref:main", "ref:feature")
    project.add("e1", "e")

    found = compared("ref:main", "ref:feature")

    assert clean.comparison.is_clean and heads(clean) == ["e2", "k"]
    assert heads(found) == ["e1", "e2", "k"]
    assert [sorted(group) for group in found.comparison.to_merge] == [["e1", "e2"]]


def test_a_head_beside_the_permanent_ones_is_told(project: BranchedProject) -> None:
    project.configure('heads = ["expand"]')
    project.add("e", "b", label="expand")
    project.branch("feature")
    project.add("stray", "a")

    found = compared("ref:main", "ref:feature")

    assert found.comparison.to_merge == (("stray",),)


def test_branches_without_a_common_commit_are_unrelated(project: BranchedProject) -> None:
    project.git("checkout", "--quiet", "--orphan", "other")
    project.delete("a")
    project.delete("b")
    project.add("z")

    found = compared("ref:main", "ref:other")

    assert found.bases == () and found.comparison.relation is Relation.UNRELATED
    assert heads(found) == ["b", "z"]


def test_a_file_that_cannot_be_read_is_a_conflict(project: BranchedProject) -> None:
    project.branch("feature")
    project.path("c").write_text("revision = 'c'\n")
    project.commit()

    assert [kind for kind, _ in kinds(compared("ref:main", "ref:feature"))] == [ConflictKind.UNREADABLE]


def test_the_work_tree_counts_with_what_is_not_committed(project: BranchedProject) -> None:
    project.write("c", "b")

    found = compared("ref:main", "heads")

    assert only(found) == ([], ["c"]) and found.comparison.is_clean


def test_tables_that_both_sides_touch_are_judged(project: BranchedProject) -> None:
    project.branch("feature")
    project.write("f", "b", body="op.add_column('orders', sa.Column('region', sa.Text))")
    project.path("f").write_text(project.path("f").read_text() + "\n")
    project.commit()
    project.checkout("main")
    project.add("m", "b", body="op.execute('UPDATE orders SET x = 1')\n    call_something()")

    found = compared("ref:main", "ref:feature")

    (shared,) = found.tables.shared
    assert (shared.table, shared.judgement) == ("orders", "order_matters")
    assert [(revision, touch.words) for revision, touch in shared.right] == [("f", "adds column region")]
    assert [note.text for _, note in found.tables.unclear] == ["call_something()"]


def alembic_upgrade(project: BranchedProject, environment: str, *rows: str) -> None:
    """Puts a database at these revisions."""
    import sqlite3

    connection = sqlite3.connect(project.folder / f"{environment}.db")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("DELETE FROM alembic_version")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
    connection.close()


def test_environments_are_compared_by_what_they_hold(project: BranchedProject) -> None:
    alembic_upgrade(project, "staging", "b")
    alembic_upgrade(project, "production", "a")
    observe_environments()

    found = compared("env:production", "env:staging")

    assert found.comparison.relation is Relation.AHEAD and only(found) == ([], ["b"])
    assert only(compared("env:staging", "heads")) == ([], [])
    assert found.left.observed_at is not None


def test_a_revision_that_the_work_tree_lacks_is_read_from_the_ref_that_has_it(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    alembic_upgrade(project, "staging", "f")
    observe_environments()

    found = compared("heads", "env:staging")

    assert only(found) == ([], ["f"])
    assert found.right.note == "The work tree lacks f: read from feature."


def test_a_revision_that_nobody_knows_is_a_conflict(project: BranchedProject) -> None:
    alembic_upgrade(project, "staging", "gone")
    observe_environments()

    found = compared("heads", "env:staging")

    assert kinds(found) == [(ConflictKind.UNKNOWN_REVISION, "gone")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("env:staging", "has not been read yet"),
        ("ref:nowhere", "no branch, tag or commit"),
        ("ref:--upload-pack=x", "is no name"),
        ("main", "is no side"),
        ("heads:x", "is no side"),
    ],
)
def test_a_side_that_cannot_be_read_is_refused(project: BranchedProject, text: str, said: str) -> None:
    with pytest.raises(SideRefused, match=said):
        compared("heads", text)


def test_refs_are_refused_where_git_is_not_read(project: BranchedProject) -> None:
    project.configure("git = false")

    with pytest.raises(SideRefused, match="git = false"):
        compared("heads", "ref:main")
    assert compared("heads", "heads").comparison.relation is Relation.SAME


def test_comparing_leaves_the_repository_as_it_was(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    before = sorted((p, p.stat().st_mtime_ns) for p in project.directory.rglob("*"))

    compared("ref:main", "ref:feature")

    assert sorted((p, p.stat().st_mtime_ns) for p in project.directory.rglob("*")) == before
