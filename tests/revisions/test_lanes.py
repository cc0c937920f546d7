"""Lanes and lines of a drawn history."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.lanes import LaneRow, Line, Segment, lane_rows
from dashboard.revisions.records import RevisionRecord
from tests.revisions.histories import graph, histories


def test_a_line_of_revisions_stays_in_the_first_lane() -> None:
    rows = lane_rows(graph("a", "b <- a", "c <- b"))

    assert [(row.revision, row.lane, row.width) for row in rows] == [("c", 0, 1), ("b", 0, 1), ("a", 0, 1)]
    assert rows[1].segments == (Segment(0, None), Segment(None, 0))


def test_a_merge_point_opens_a_second_lane_that_its_branch_point_closes() -> None:
    """
        /- b -\\
    a -        - d
        \\- c -/
    """
    rows = lane_rows(graph("a", "b <- a", "c <- a", "d <- b c"))

    assert rows[0] == LaneRow("d", 0, (Segment(None, 0), Segment(None, 1)))
    assert rows[1] == LaneRow("b", 0, (Segment(1, 1), Segment(0, None), Segment(None, 0)))
    assert rows[2] == LaneRow("c", 1, (Segment(0, 0), Segment(1, None), Segment(None, 0)))
    assert rows[3] == LaneRow("a", 0, (Segment(0, None),))


def test_a_dependency_is_a_line_of_its_own_kind() -> None:
    rows = lane_rows(graph("a", "b needs a"))

    assert rows[0].segments == (Segment(None, 0, Line.DEPENDS),)
    assert rows[1].segments == (Segment(0, None, Line.DEPENDS),)


def test_a_cycle_is_laid_out_without_its_upward_line() -> None:
    rows = lane_rows(graph("a <- b", "b <- a"))

    assert len(rows) == 2


def test_a_slice_is_the_same_as_its_rows() -> None:
    rows = lane_rows(graph("a", "b <- a", "c <- a", "d <- b c"))

    assert rows[1:3] == (rows[1], rows[2])
    assert rows[5:] == ()
    assert rows[-1].revision == "a"


@settings(max_examples=150, deadline=None)
@given(histories())
def test_every_edge_is_one_unbroken_line(records: list[RevisionRecord]) -> None:
    history = RevisionGraph(records)
    rows = lane_rows(history)[:]

    assert [row.revision for row in rows] == [record.revision for record in history.history()]
    for above, below in pairwise(rows):
        leaving = {(segment.end, segment.line) for segment in above.segments if segment.end is not None}
        entering = {(segment.start, segment.line) for segment in below.segments if segment.start is not None}
        assert leaving == entering
        assert len({lane for lane, _ in leaving}) == len(leaving)
    for number, row in enumerate(rows):
        edges = [(parent, Line.DOWN) for parent in history.parents(row.revision)]
        edges += [(target, Line.DEPENDS) for target in history.dependencies(row.revision)]
        starts = [segment for segment in row.segments if segment.start is None]
        assert len(starts) == len(edges)
        ends = {_follow(rows, number, segment) for segment in starts}
        assert ends == set(edges)


def _follow(rows: tuple[LaneRow, ...], number: int, begin: Segment) -> tuple[str, Line]:
    """The revision at which the line that begins in row `number` ends."""
    for row in rows[number + 1 :]:
        if any(s.start == begin.end and s.end is None and s.line is begin.line for s in row.segments):
            return row.revision, begin.line
    raise AssertionError("the line ends nowhere")
