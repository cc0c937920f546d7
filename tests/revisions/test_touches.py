"""Whether it matters which of two operations on a table comes first."""

from __future__ import annotations

import pytest

from dashboard.revisions.touches import Judgement, RevisionTouches, Touch, TouchKind, judge, shared_tables


def touch(kind: str, *columns: str, table: str = "orders") -> Touch:
    return Touch(table, TouchKind(kind), frozenset(columns), kind, 1)


@pytest.mark.parametrize(
    ("one", "other", "judgement"),
    [
        (touch("create"), touch("create"), Judgement.CLASH),
        (touch("drop"), touch("add", "a"), Judgement.CLASH),
        (touch("add", "a"), touch("add", "a"), Judgement.CLASH),
        (touch("remove", "a"), touch("remove", "a"), Judgement.CLASH),
        (touch("rename"), touch("add", "a"), Judgement.ORDER_MATTERS),
        (touch("alter", "a"), touch("remove", "a"), Judgement.ORDER_MATTERS),
        (touch("alter", "a"), touch("index", "a"), Judgement.ORDER_MATTERS),
        (touch("alter"), touch("add", "a"), Judgement.ORDER_MATTERS),
        (touch("data"), touch("add", "a"), Judgement.ORDER_MATTERS),
        (touch("data"), touch("data"), Judgement.ORDER_MATTERS),
        (touch("data"), touch("read"), Judgement.ORDER_MATTERS),
        (touch("add", "a"), touch("add", "b"), Judgement.INDEPENDENT),
        (touch("index", "a"), touch("add", "b"), Judgement.INDEPENDENT),
        (touch("constraint"), touch("index", "a"), Judgement.INDEPENDENT),
    ],
)
def test_two_operations_are_judged_the_same_whichever_side_they_are_on(
    one: Touch, other: Touch, judgement: Judgement
) -> None:
    assert judge(one, other)[0] is judge(other, one)[0] is judgement


def test_the_worst_of_a_table_counts_and_comes_first() -> None:
    left = [RevisionTouches("a", (touch("add", "x"), touch("index", "y"), touch("add", "u", table="users")))]
    right = [
        RevisionTouches("b", (touch("add", "x"), touch("add", "v", table="users"), touch("add", "w", table="logs")))
    ]

    found = shared_tables(left, right)

    assert [(shared.table, shared.judgement) for shared in found] == [
        ("orders", Judgement.CLASH),
        ("users", Judgement.INDEPENDENT),
    ]


def test_tables_that_both_sides_only_read_are_left_out() -> None:
    assert shared_tables([RevisionTouches("a", (touch("read"),))], [RevisionTouches("b", (touch("read"),))]) == ()
