"""Faults of a script directory, and what a history consists of."""

from __future__ import annotations

from dashboard.revisions.records import Problem, ProblemKind
from dashboard.views.history_counts import say_counts
from dashboard.views.history_problems import list_problems
from tests.revisions.histories import graph


def test_a_fault_of_two_files_is_told_once_with_both_places() -> None:
    cycle = [Problem(ProblemKind.CYCLE, name, f"{name}.py", 4, "Round and round.", "Break it.") for name in "ab"]
    missing = Problem(ProblemKind.MISSING_PARENT, "c", "c.py", None, "c follows x.", "Bring x back.")

    told = list_problems([*cycle, missing])

    assert [(one.kind, one.places) for one in told] == [("cycle", ("a.py:4", "b.py:4")), ("missing parent", ("c.py",))]


def test_only_what_there_is_is_counted() -> None:
    assert say_counts(graph("a", "b <- a")) == "2 revisions, 1 head, 1 base"
    assert say_counts(graph("a", "b <- a", "c <- a", "d <- b c")).endswith("1 branch point, 1 merge point")
    assert say_counts(graph()) == "No revision yet"
