"""Random histories give what Alembic's own RevisionMap gives."""

from __future__ import annotations

import pytest
from alembic.script.revision import RevisionError
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.revisions.graph import HistoryError, RevisionGraph
from dashboard.revisions.notation import build_map
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import State, VersionReading, judge_status
from tests.revisions.histories import histories, ids

several = settings(max_examples=300, deadline=None)


@several
@given(histories(redundant=True))
def test_shape_and_order_are_alembics(records: list[RevisionRecord]) -> None:
    graph = RevisionGraph(records)
    theirs = build_map(records)

    assert graph.problems == ()
    walked = [revision.revision for revision in theirs.iterate_revisions("heads", "base", inclusive=True)]
    assert ids(graph.history()) == walked
    assert graph.heads == theirs.heads
    assert graph.effective_heads == theirs._real_heads
    assert graph.bases == theirs.bases
    assert list(graph.branch_points) == [r for r in walked if theirs.get_revision(r).is_branch_point]
    assert list(graph.merge_points) == [r for r in walked if theirs.get_revision(r).is_merge_point]


@several
@given(histories(redundant=True), st.data())
def test_paths_are_alembics(records: list[RevisionRecord], data: st.DataObject) -> None:
    graph = RevisionGraph(records)
    theirs = build_map(records)
    some = st.lists(st.sampled_from([record.revision for record in records]), max_size=3, unique=True)
    current, targets = tuple(data.draw(some)), tuple(data.draw(some))

    try:
        walk = list(theirs.iterate_revisions(targets or "heads", current, implicit_base=True))
    except RevisionError:
        with pytest.raises(HistoryError):
            graph.upgrade_path(current, targets or graph.effective_heads)
        return

    expected = [revision.revision for revision in reversed(walk)]
    assert ids(graph.upgrade_path(current, targets or graph.effective_heads)) == expected
    if not targets:
        assert ids(graph.pending(current)) == expected


@several
@given(histories(redundant=True), st.data())
def test_downgrades_are_alembics(records: list[RevisionRecord], data: st.DataObject) -> None:
    graph = RevisionGraph(records)
    revisions = [record.revision for record in records]
    current = tuple(data.draw(st.lists(st.sampled_from(revisions), min_size=1, max_size=2, unique=True)))
    target = data.draw(st.sampled_from([*revisions, "base"]))
    if graph.overlap(current):
        return

    try:
        lower = None if target == "base" else target
        walk = list(build_map(records).iterate_revisions(current, lower, select_for_downgrade=True))
    except RevisionError:
        with pytest.raises(HistoryError):
            graph.downgrade_path(current, target)
        return

    assert ids(graph.downgrade_path(current, target)) == [revision.revision for revision in walk]


@several
@given(histories(redundant=True), st.data())
def test_applying_the_pending_revisions_one_by_one_ends_at_current(
    records: list[RevisionRecord], data: st.DataObject
) -> None:
    graph = RevisionGraph(records)
    start = data.draw(st.sampled_from(records)).revision

    for step in graph.pending([start]):
        assert graph.ancestors([step.revision]) >= {*step.down_revision, *step.depends_on}
    status = judge_status(graph, VersionReading(graph.effective_heads))

    assert status.state is State.CURRENT


names = st.sampled_from(["a", "b", "c", "d", "e", "lost", "", "x-y"])
broken_records = st.builds(
    RevisionRecord,
    st.sampled_from(["a", "b", "c", "d", "e", "x-y"]),
    st.lists(names, max_size=2).map(tuple),
    st.lists(names, max_size=2).map(tuple),
    st.lists(st.sampled_from(["l", "m", "a"]), max_size=1).map(tuple),
)


@several
@given(st.lists(broken_records, max_size=7), st.lists(names, max_size=3))
def test_no_history_however_broken_raises_or_loses_a_revision(records: list[RevisionRecord], rows: list[str]) -> None:
    graph = RevisionGraph(records)
    status = judge_status(graph, VersionReading(tuple(rows)))

    assert {record.revision for record in graph.history()} == {record.revision for record in records}
    assert len(graph.history()) == len(graph.records)
    if status.state is State.CURRENT:
        assert not graph.broken or set(graph.broken) <= graph.ancestors(rows)
    if graph.problems:
        with pytest.raises(HistoryError):
            graph.upgrade_path([], list(graph.records)[:1])
    else:
        list(build_map(records).iterate_revisions("heads", "base"))


@several
@given(histories(redundant=True), st.text(alphabet="r0123456789x+-@:labelheads", max_size=12))
def test_any_text_is_resolved_or_refused(records: list[RevisionRecord], text: str) -> None:
    graph = RevisionGraph(records)

    try:
        found = graph.resolve(text, [records[0].revision])
    except HistoryError as refusal:
        assert str(refusal)
    else:
        assert set(found) <= graph.records.keys()
