"""What rows of a version table mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import Reason, State, VersionReading, judge_status
from tests.revisions.histories import graph, ids, record

LINE = graph("aaaa1", "bbbb2 <- aaaa1", "cccc3 <- bbbb2")


def test_never_read_is_unobserved() -> None:
    assert judge_status(LINE, None).state is State.UNOBSERVED


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.state is State.UNREACHABLE])
def test_a_failure_to_read_is_unreachable_with_its_reason(reason: Reason) -> None:
    status = judge_status(LINE, VersionReading((), reason, "the words of the server"))

    assert status.state is State.UNREACHABLE
    assert status.reason is reason
    assert status.detail == "the words of the server"
    assert status.pending == ()


@pytest.mark.parametrize("reason", [Reason.NO_TABLE, Reason.EMPTY_TABLE, Reason.SCHEMA_NOT_EMPTY])
def test_no_row_is_unversioned_with_everything_pending(reason: Reason) -> None:
    status = judge_status(LINE, VersionReading((), reason))

    assert status.state is State.UNVERSIONED
    assert status.reason is reason
    assert ids(status.pending) == ["aaaa1", "bbbb2", "cccc3"]


def test_an_empty_table_is_unversioned_even_if_the_history_is_empty() -> None:
    status = judge_status(RevisionGraph([]), VersionReading(()))

    assert (status.state, status.reason) == (State.UNVERSIONED, Reason.EMPTY_TABLE)


def test_a_row_below_the_head_is_pending() -> None:
    status = judge_status(LINE, VersionReading(("bbbb2",)))

    assert status.state is State.PENDING
    assert status.current == ("bbbb2",)
    assert ids(status.pending) == ["cccc3"]
    assert not status.uncertain


def test_the_head_is_current() -> None:
    assert judge_status(LINE, VersionReading(("cccc3",))).state is State.CURRENT


def test_several_rows_are_no_error() -> None:
    history = graph("a", "b <- a", "c <- a")

    assert judge_status(history, VersionReading(("b", "c"))).state is State.CURRENT


def test_current_is_the_empty_path_though_there_are_more_heads_than_rows() -> None:
    history = graph("a1", "a2 <- a1", "b1", "b2 <- b1 needs a2")

    assert judge_status(history, VersionReading(("b2",))).state is State.CURRENT


@pytest.mark.parametrize("row", ["zzzz", "bbbb", "bbbb22", "", "head", "BBBB2", "bbbb2 "])
def test_a_row_that_is_no_whole_id_is_foreign(row: str) -> None:
    status = judge_status(LINE, VersionReading((row,)))

    assert status.state is State.FOREIGN_REVISION
    assert status.foreign == (row,)
    assert repr(row) in status.detail


def test_a_truncated_row_is_explained() -> None:
    assert "the beginning of 'bbbb2'" in judge_status(LINE, VersionReading(("bbbb",))).detail


def test_a_label_is_no_id() -> None:
    history = graph("a is left")

    assert judge_status(history, VersionReading(("left",))).state is State.FOREIGN_REVISION


def test_a_foreign_row_beside_a_known_one_is_foreign() -> None:
    status = judge_status(LINE, VersionReading(("cccc3", "zzzz")))

    assert status.state is State.FOREIGN_REVISION
    assert status.foreign == ("zzzz",)


def test_an_ancestor_beside_its_descendant_is_inconsistent_and_names_both() -> None:
    status = judge_status(LINE, VersionReading(("aaaa1", "bbbb2")))

    assert status.state is State.INCONSISTENT
    assert "'aaaa1'" in status.detail
    assert "'bbbb2'" in status.detail
    assert status.surplus == "aaaa1"
    assert ids(status.pending) == ["cccc3"]


def test_a_dependency_beside_what_depends_on_it_is_inconsistent() -> None:
    """Alembic removes the row of a dependency, and refuses to upgrade a database that holds both."""
    history = graph("a1", "b1 needs a1")

    assert judge_status(history, VersionReading(("a1", "b1"))).state is State.INCONSISTENT


def test_overlap_wins_over_a_foreign_row() -> None:
    status = judge_status(LINE, VersionReading(("aaaa1", "bbbb2", "zzzz")))

    assert status.state is State.INCONSISTENT
    assert status.foreign == ("zzzz",)


def test_the_same_row_twice_is_inconsistent() -> None:
    status = judge_status(LINE, VersionReading(("aaaa1", "aaaa1")))

    assert status.state is State.INCONSISTENT
    assert "more than once" in status.detail


@pytest.mark.parametrize("row", ["a", "b"])
def test_a_dependency_set_by_code_makes_the_answer_uncertain(row: str) -> None:
    by_code = replace(record("b <- a"), set_by_code=("depends_on",))
    history = RevisionGraph([record("a"), by_code])

    status = judge_status(history, VersionReading((row,)))

    assert status.uncertain
    assert "set by code" in status.detail


def test_a_label_set_by_code_makes_a_pending_list_uncertain_that_holds_it() -> None:
    by_code = replace(record("b <- a"), set_by_code=("branch_labels",))
    history = RevisionGraph([record("a"), by_code])

    assert judge_status(history, VersionReading(("a",))).uncertain
    assert not judge_status(history, VersionReading(("b",))).uncertain


def test_a_dependency_on_a_label_set_by_code_is_no_missing_one() -> None:
    by_code = replace(record("a"), set_by_code=("branch_labels",))
    history = RevisionGraph([by_code, record("b needs some_label")])

    assert history.problems == ()
    assert history.uncertain
