"""Alembic's notation for revisions."""

from __future__ import annotations

import pytest

from dashboard.revisions.graph import HistoryError
from tests.revisions.histories import graph, ids

LINE = ("aaaa1", "bbbb2 <- aaaa1", "cccc3 <- bbbb2")
BRANCHES = ("root0", "left1 <- root0 is left", "left2 <- left1", "right1 <- root0 is right", "right2 <- right1")


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("cccc3", [], ("cccc3",)),
        ("cccc", [], ("cccc3",)),
        ("head", [], ("cccc3",)),
        ("heads", [], ("cccc3",)),
        ("base", ["bbbb2"], ()),
        ("+1", [], ("aaaa1",)),
        ("+2", ["aaaa1"], ("cccc3",)),
        ("-1", ["cccc3"], ("bbbb2",)),
        ("-3", ["cccc3"], ()),
        ("aaaa1+1", [], ("bbbb2",)),
        ("cccc3-2", [], ("aaaa1",)),
        ("head-1", [], ("bbbb2",)),
    ],
)
def test_a_notation_means_what_alembic_means(text: str, current: list[str], expected: tuple[str, ...]) -> None:
    assert graph(*LINE).resolve(text, current) == expected


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("left@head", [], ("left2",)),
        ("right", [], ("right1",)),
        ("heads", [], ("left2", "right2")),
        ("left@+1", ["left1", "right1"], ("left2",)),
        ("right@-1", ["left2", "right2"], ("right1",)),
        ("left@left2", [], ("left2",)),
    ],
)
def test_a_branch_is_named_by_its_label(text: str, current: list[str], expected: tuple[str, ...]) -> None:
    assert graph(*BRANCHES).resolve(text, current) == expected


@pytest.mark.parametrize(
    ("text", "current", "said"),
    [
        ("head", [], "left2, right2"),
        ("nobody", [], "No such revision"),
        ("zz", [], "at least four characters"),
        ("left@right2", [], "not a member"),
        ("nowhere@head", [], "nowhere"),
        ("+9", ["left1"], "9"),
        ("-9", ["left1"], "9"),
        ("-1", ["left1", "right1"], "ambiguous"),
        ("+1", ["root0"], "ambiguous"),
        ("+1", ["lost"], "lost"),
        ("", [], "no revision"),
        ("--help", [], "--help"),
        ("-1; drop", ["left1"], "-1; drop"),
        ("\x00", [], "No such"),
        ("@", [], "'@'"),
        ("left1:left2", [], "No such"),
    ],
)
def test_what_names_no_single_revision_is_refused_in_words(text: str, current: list[str], said: str) -> None:
    with pytest.raises(HistoryError) as refusal:
        graph(*BRANCHES).resolve(text, current)

    assert said in str(refusal.value)


def test_a_prefix_that_two_ids_share_is_refused() -> None:
    with pytest.raises(HistoryError, match="abcd1"):
        graph("abcd1", "abcd2 <- abcd1").resolve("abcd", [])


def test_a_branch_is_reverted_to_its_own_beginning() -> None:
    assert ids(graph(*BRANCHES).downgrade_path(["left2", "right2"], "left@root0")) == ["left2", "left1"]


def test_a_relative_downgrade_from_several_rows_wants_a_label() -> None:
    history = graph(*BRANCHES)

    with pytest.raises(HistoryError, match="LABEL@-1"):
        history.downgrade_path(["left2", "right2"], "-1")
    assert ids(history.downgrade_path(["left2", "right2"], "left@-1")) == ["left2"]
