"""The shape of a history and its paths. Newer revisions stand to the right in the drawings."""

from __future__ import annotations

import pytest

from dashboard.revisions.graph import HistoryError, RevisionGraph
from tests.revisions.histories import graph, ids


def test_an_empty_history_has_nothing_and_no_problem() -> None:
    history = RevisionGraph([])

    assert history.history() == ()
    assert (history.heads, history.effective_heads, history.bases) == ((), (), ())
    assert history.pending([]) == ()
    assert history.problems == ()


def test_a_branch_and_its_merge_are_found() -> None:
    """
        /- b -\\
    a -        - d
        \\- c -/
    """
    history = graph("a", "b <- a", "c <- a", "d <- b c")

    assert history.heads == ("d",)
    assert history.bases == ("a",)
    assert history.branch_points == ("a",)
    assert history.merge_points == ("d",)
    assert history.next_revisions("a") == ("b", "c")
    assert ids(history.history()) == ["d", "b", "c", "a"]


def test_a_head_that_another_revision_depends_on_is_no_effective_head() -> None:
    """
    a1 - a2        b2 depends on a2
    b1 - b2
    """
    history = graph("a1", "a2 <- a1", "b1", "b2 <- b1 needs a2")

    assert history.heads == ("a2", "b2")
    assert history.effective_heads == ("b2",)
    assert history.pending(["b2"]) == ()


def test_a_dependency_may_name_a_branch_label() -> None:
    history = graph("a1 is left", "a2 <- a1", "b1 needs left")

    assert history.dependencies("b1") == ("a1",)
    assert history.problems == ()
    assert history.ancestors(["b1"]) == {"b1", "a1"}


def test_pending_comes_in_the_order_of_execution() -> None:
    history = graph("a", "b <- a", "c <- b")

    assert ids(history.pending([])) == ["a", "b", "c"]
    assert ids(history.pending(["b"])) == ["c"]
    assert ids(history.pending(["c"])) == []


def test_one_of_two_branches_applied_leaves_the_other_pending() -> None:
    """
        /- b
    a -
        \\- c
    """
    history = graph("a", "b <- a", "c <- a")

    assert ids(history.pending(["b"])) == ["c"]
    assert ids(history.pending(["b", "c"])) == []


def test_an_upgrade_stops_at_its_target() -> None:
    history = graph("a", "b <- a", "c <- b")

    assert ids(history.upgrade_path(["a"], ["b"])) == ["b"]
    assert ids(history.upgrade_path(["c"], ["b"])) == []


def test_an_upgrade_brings_what_its_target_depends_on() -> None:
    history = graph("a1", "a2 <- a1", "b1", "b2 <- b1 needs a2")

    assert set(ids(history.upgrade_path(["b1"], ["b2"]))) == {"a1", "a2", "b2"}
    assert ids(history.upgrade_path(["b1"], ["b2"]))[-1] == "b2"


def test_a_downgrade_reverts_the_newest_first() -> None:
    history = graph("a", "b <- a", "c <- b")

    assert ids(history.downgrade_path(["c"], "a")) == ["c", "b"]
    assert ids(history.downgrade_path(["c"], "base")) == ["c", "b", "a"]
    assert ids(history.downgrade_path(["c"], "-1")) == ["c"]


def test_a_downgrade_reverts_what_depends_on_the_reverted() -> None:
    history = graph("a1", "a2 <- a1", "b1", "b2 <- b1 needs a2")

    assert ids(history.downgrade_path(["b2"], "a1")) == ["b2", "a2"]


def test_a_downgrade_to_a_revision_that_is_not_applied_is_refused() -> None:
    history = graph("a", "b <- a", "c <- b")

    with pytest.raises(HistoryError):
        history.downgrade_path(["a"], "b")


@pytest.mark.parametrize("rows", [["nobody"], ["a", "nobody"]])
def test_an_unknown_row_is_named(rows: list[str]) -> None:
    history = graph("a", "b <- a")

    with pytest.raises(HistoryError, match="nobody"):
        history.pending(rows)


def test_a_prefix_of_an_id_is_no_row() -> None:
    history = graph("abcdef", "bcdefa <- abcdef")

    with pytest.raises(HistoryError, match="abcde"):
        history.pending(["abcde"])


def test_rows_that_contain_each_other_are_refused_by_name() -> None:
    history = graph("a", "b <- a", "c <- b")

    with pytest.raises(HistoryError, match="'a' is contained in 'c'"):
        history.upgrade_path(["a", "c"], ["c"])


def test_descendants_follow_dependencies_too() -> None:
    history = graph("a1", "a2 <- a1", "b1 needs a1")

    assert history.descendants(["a1"]) == {"a1", "a2", "b1"}


def test_a_deep_history_needs_no_recursion() -> None:
    deep = graph("r0", *(f"r{number} <- r{number - 1}" for number in range(1, 5000)))

    assert len(deep.history()) == 5000
    assert ids(deep.pending(["r4998"])) == ["r4999"]
