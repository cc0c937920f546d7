"""Every real graph gives the answers that Alembic gave."""

from __future__ import annotations

import pytest

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import State, VersionReading, judge_status
from tests.revisions.histories import GRAPHS, ids, real_graph

NAMES = sorted(path.name for path in GRAPHS.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_real_history_has_alembics_heads_points_and_order(name: str) -> None:
    records, told = real_graph(name)

    graph = RevisionGraph(records)

    assert graph.problems == ()
    assert sorted(graph.heads) == told["heads"]
    assert sorted(graph.effective_heads) == told["effective_heads"]
    assert sorted(graph.bases) == told["bases"]
    assert sorted(graph.branch_points) == told["branch_points"]
    assert sorted(graph.merge_points) == told["merge_points"]
    assert ids(graph.history()) == told["history_order"]
    assert ids(graph.upgrade_path([], graph.effective_heads)) == told["upgrade_order"]


@pytest.mark.parametrize("name", NAMES)
def test_every_state_of_a_real_database_has_alembics_pending_revisions(name: str) -> None:
    records, told = real_graph(name)
    graph = RevisionGraph(records)

    for state in told["states"]:
        status = judge_status(graph, VersionReading(tuple(state["rows"])))

        assert ids(status.pending) == state["pending"]
        assert ids(graph.upgrade_path(state["rows"], graph.effective_heads)) == state["pending"]
        expected = State.PENDING if state["pending"] else State.CURRENT
        assert status.state is (expected if state["rows"] else State.UNVERSIONED)


def test_all_graphs_are_there() -> None:
    assert len(NAMES) == 45
