"""Comparing parts of real histories: an overlay answers as a graph built anew does, and nothing is lost or doubled."""

from __future__ import annotations

import random

import pytest

from dashboard.revisions.changes import RevisionChange, SideChanges
from dashboard.revisions.comparison import HistorySide, Relation, compare_histories
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.overlay import OverlaidHistory
from tests.revisions.histories import GRAPHS, real_graph

NAMES = sorted(path.name for path in GRAPHS.glob("*.json"))


def parts(name: str) -> tuple[RevisionGraph, RevisionGraph, RevisionGraph, RevisionGraph]:
    """The whole, two branches of it that stand on their own, and what both come from."""
    records, _ = real_graph(name)
    whole = RevisionGraph(records)
    chance = random.Random(name)
    chosen = [frozenset(chance.sample([r.revision for r in records], min(3, len(records)))) for _ in range(2)]
    left, right = (whole.ancestors(some) for some in chosen)

    def part(ids: frozenset[str]) -> RevisionGraph:
        return RevisionGraph([record for record in records if record.revision in ids])

    return whole, part(left), part(right), part(left & right)


def additions(before: RevisionGraph, after: RevisionGraph) -> tuple[RevisionChange, ...]:
    """What a branch added."""
    return tuple(RevisionChange(r, None, record) for r, record in after.records.items() if r not in before.records)


@pytest.mark.parametrize("name", NAMES)
def test_an_overlay_has_the_heads_of_a_graph_built_anew(name: str) -> None:
    _, left, right, base = parts(name)

    forward = OverlaidHistory(left, additions(left, right))
    back = OverlaidHistory(
        left, [RevisionChange(r, left.records[r], None) for r in left.records if r not in base.records]
    )

    union = RevisionGraph([*left.records.values(), *(r for i, r in right.records.items() if i not in left.records)])
    assert set(forward.effective_heads) == set(union.effective_heads)
    assert set(back.effective_heads) == set(base.effective_heads)


@pytest.mark.parametrize("name", NAMES)
def test_two_parts_of_a_history_are_told_apart(name: str) -> None:
    _, left, right, base = parts(name)
    changes = SideChanges(additions(base, left), additions(base, right))

    found = compare_histories(
        HistorySide(left, left.heads, is_whole=True), HistorySide(right, right.heads, is_whole=True), changes
    )

    only_left, only_right = [r.revision for r in found.only_left], [r.revision for r in found.only_right]
    assert set(only_left) == left.records.keys() - right.records.keys()
    assert set(only_right) == right.records.keys() - left.records.keys()
    assert found.common_count == len(base.records)
    assert set(base.effective_heads) <= {r.revision for r in found.common}
    for graph, ids in ((left, only_left), (right, only_right)):
        for number, revision in enumerate(ids):
            assert not graph.ancestors([revision]) & set(ids[number + 1 :])
    assert [c for c in found.conflicts if c.kind not in {"same_merge", "broken_history"}] == []
    assert (found.relation is Relation.SAME) == (not only_left and not only_right)
