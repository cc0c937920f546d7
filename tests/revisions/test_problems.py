"""What is wrong with a history is told by file and line, and what is sound stays usable."""

from __future__ import annotations

import pytest

from dashboard.revisions.graph import HistoryError
from dashboard.revisions.records import ProblemKind
from dashboard.revisions.status import State, VersionReading, judge_status
from tests.revisions.histories import graph, ids


@pytest.mark.fault(17)
def test_a_missing_parent_is_told_with_its_file_line_and_mend() -> None:
    history = graph("a", "b <- a", "d <- lost")

    (problem,) = history.problems

    assert problem.kind is ProblemKind.MISSING_PARENT
    assert (problem.revision, problem.path, problem.line) == ("d", "versions/d.py", 4)
    assert "lost" in problem.detail
    assert problem.hint
    assert set(ids(history.history())) == {"a", "b", "d"}
    with pytest.raises(HistoryError, match="lost") as refusal:
        history.upgrade_path(["a"], ["b"])
    assert refusal.value.problems == (problem,)


@pytest.mark.fault(18)
def test_a_duplicate_id_names_both_files_and_refuses_upgrades() -> None:
    from dashboard.revisions.graph import RevisionGraph
    from dashboard.revisions.records import RevisionRecord

    history = RevisionGraph(
        [
            RevisionRecord("a", path="versions/1_a.py"),
            RevisionRecord("b", ("a",), path="versions/2_b.py"),
            RevisionRecord("b", ("a",), path="versions/3_copy.py"),
        ]
    )

    (problem,) = history.problems

    assert problem.kind is ProblemKind.DUPLICATE_REVISION
    assert "versions/2_b.py" in problem.detail
    assert "versions/3_copy.py" in problem.detail
    with pytest.raises(HistoryError):
        history.upgrade_path(["a"], ["b"])


def test_a_cycle_names_its_members_and_loses_no_revision() -> None:
    history = graph("a", "b <- a d", "c <- b", "d <- c", "e <- d")

    assert {problem.kind for problem in history.problems} == {ProblemKind.CYCLE}
    assert [problem.revision for problem in history.problems] == ["b", "c", "d"]
    assert all("b (versions/b.py), c" in problem.detail for problem in history.problems)
    assert set(ids(history.history())) == {"a", "b", "c", "d", "e"}


@pytest.mark.parametrize("word", ["head", "heads", "base"])
def test_an_id_that_alembic_reserves_is_told_with_its_line(word: str) -> None:
    history = graph("a", f"{word} <- a")

    (problem,) = history.problems

    assert (problem.revision, problem.line) == (word, 3)
    assert "Alembic reserves" in problem.detail and "another id" in problem.hint


def test_a_revision_that_follows_itself_is_told() -> None:
    history = graph("a <- a", "b")

    (problem,) = history.problems

    assert problem.kind is ProblemKind.CYCLE
    assert "names itself in `down_revision`" in problem.detail


def test_a_cycle_of_dependencies_is_told_at_depends_on() -> None:
    history = graph("a needs b", "b needs a")

    assert [problem.line for problem in history.problems] == [5 + 1, 5 + 1]


def test_a_missing_dependency_names_the_whole_id_where_it_is_a_prefix() -> None:
    history = graph("abcdef", "b needs abcd")

    (problem,) = history.problems

    assert problem.kind is ProblemKind.MISSING_DEPENDENCY
    assert problem.hint == "Write the whole id: 'abcdef'."


def test_a_label_used_twice_names_both() -> None:
    history = graph("a is left", "b is left", "c <- a")

    (problem,) = history.problems

    assert problem.kind is ProblemKind.DUPLICATE_LABEL
    assert "a (versions/a.py), b (versions/b.py)" in problem.detail


def test_a_label_that_is_an_id_is_told() -> None:
    history = graph("a", "b <- a is a")

    assert [problem.kind for problem in history.problems] == [ProblemKind.DUPLICATE_LABEL]


def test_an_id_that_alembic_refuses_is_told() -> None:
    history = graph("a-b")

    (problem,) = history.problems

    assert "a-b" in problem.detail


def test_the_sound_branch_keeps_its_pending_list_and_is_marked_uncertain() -> None:
    """
    a1 - a2 - a3
    b1 - b2       b2's file names a lost parent too
    """
    history = graph("a1", "a2 <- a1", "a3 <- a2", "b1", "b2 <- b1 lost")

    status = judge_status(history, VersionReading(("a1",)))

    assert status.state is State.PENDING
    assert ids(status.pending) == ["a2", "a3", "b1"] or set(ids(status.pending)) == {"a2", "a3", "b1"}
    assert status.uncertain
    assert "versions/b2.py, line 4" in status.detail


def test_a_fault_above_the_row_makes_it_inconsistent() -> None:
    history = graph("a", "b <- a", "c <- b lost", "d <- c")

    status = judge_status(history, VersionReading(("a",)))

    assert status.state is State.INCONSISTENT
    assert "versions/c.py, line 4" in status.detail
    assert ids(status.pending) == ["b"]


def test_a_fault_at_the_row_makes_it_inconsistent() -> None:
    history = graph("a", "b <- lost")

    status = judge_status(history, VersionReading(("b",)))

    assert status.state is State.INCONSISTENT
    assert "versions/b.py, line 4" in status.detail


def test_a_fault_that_lies_behind_the_row_leaves_it_alone() -> None:
    history = graph("a <- lost", "b <- a", "c <- b")

    status = judge_status(history, VersionReading(("b",)))

    assert status.state is State.PENDING
    assert ids(status.pending) == ["c"]


def test_nothing_is_called_current_while_something_cannot_be_told() -> None:
    history = graph("a", "b <- lost")

    status = judge_status(history, VersionReading(("a",)))

    assert status.state is State.INCONSISTENT


def test_an_unversioned_database_stays_unversioned_beside_a_faulty_history() -> None:
    history = graph("a", "b <- lost")

    status = judge_status(history, VersionReading(()))

    assert status.state is State.UNVERSIONED
    assert ids(status.pending) == ["a"]
    assert status.uncertain
