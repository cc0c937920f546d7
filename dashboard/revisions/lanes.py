"""Lanes: which column each revision of a history stands in, and the lines between rows.

Laid out once a graph, row by row in the order of `RevisionGraph.history()`, newest first. A row can then be drawn
alone: its segments say where lines enter at its top and leave at its bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from typing import overload
from weakref import WeakKeyDictionary

from dashboard.revisions.graph import RevisionGraph


class Line(StrEnum):
    """What a line stands for."""

    DOWN = "down"
    """To the down revision."""
    DEPENDS = "depends"
    """To a revision of depends_on."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of line within a row: from lane `start` at the row's top to lane `end` at its bottom.

    None stands for the row's own revision, at which the piece ends or begins.
    """

    start: int | None
    end: int | None
    line: Line = Line.DOWN


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One row of the history."""

    revision: str
    lane: int
    """Counted from 0 at the left."""
    segments: tuple[Segment, ...]
    """Passing lines first, from left to right; then those that enter the revision, then those that leave it."""

    @property
    def width(self) -> int:
        """How many lanes the row needs."""
        ends = (at for segment in self.segments for at in (segment.start, segment.end) if at is not None)
        return 1 + max([self.lane, *ends])


@dataclass(slots=True)
class _Run:
    """A line in its lane, from the row in which it begins to the row of its target."""

    lane: int
    line: Line
    first: int
    last: int = -1


@dataclass(frozen=True, slots=True)
class _Node:
    revision: str
    lane: int
    own: tuple[Segment, ...]


class LaneRows(Sequence[LaneRow]):
    """The rows of one history. Take slices: a row's passing lines are put together only when it is asked for."""

    def __init__(self, nodes: Sequence[_Node], runs: Sequence[_Run]) -> None:
        self._nodes = nodes
        self._runs = runs
        self.width = 1 + max([0, *(node.lane for node in nodes), *(run.lane for run in runs)])
        """How many lanes the whole history needs."""

    def __len__(self) -> int:
        return len(self._nodes)

    @overload
    def __getitem__(self, index: int) -> LaneRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LaneRow, ...]: ...
    def __getitem__(self, index: int | slice) -> LaneRow | tuple[LaneRow, ...]:
        """A row, or the rows of a slice in its order."""
        numbers = range(len(self._nodes))[index]
        if isinstance(numbers, int):
            return self._rows(range(numbers, numbers + 1))[0]
        return self._rows(numbers)

    def _rows(self, numbers: range) -> tuple[LaneRow, ...]:
        if not numbers:
            return ()
        low, high = min(numbers), max(numbers)
        passing: dict[int, list[Segment]] = {number: [] for number in numbers}
        for run in self._runs:
            for number in range(max(run.first + 1, low), min(run.last, high + 1)):
                if number in passing:
                    passing[number].append(Segment(run.lane, run.lane, run.line))
        return tuple(self._row(number, passing[number]) for number in numbers)

    def _row(self, number: int, passing: list[Segment]) -> LaneRow:
        node = self._nodes[number]
        in_order = sorted(passing, key=lambda segment: segment.start or 0)
        return LaneRow(node.revision, node.lane, (*in_order, *node.own))


_OF_GRAPH: WeakKeyDictionary[RevisionGraph, LaneRows] = WeakKeyDictionary()


def lanes_of(graph: RevisionGraph) -> LaneRows:
    """As lane_rows, laid out once for as long as the graph lives."""
    found = _OF_GRAPH.get(graph)
    if found is None:
        found = _OF_GRAPH[graph] = lane_rows(graph)
    return found


def lane_rows(graph: RevisionGraph) -> LaneRows:
    """A row for each revision, aligned with `graph.history()`."""
    layout = _Layout()
    nodes = [
        layout.place(number, record.revision, graph.parents(record.revision), graph.dependencies(record.revision))
        for number, record in enumerate(graph.history())
    ]
    return LaneRows(nodes, layout.runs)


class _Layout:
    """The lanes in use between one row and the next."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self._waiting: dict[tuple[str, Line], _Run] = {}
        self._free: list[int] = []
        """A heap, so that the leftmost free lane is taken."""
        self._lanes = 0
        self._placed: set[str] = set()

    def place(self, number: int, revision: str, parents: Sequence[str], dependencies: Sequence[str]) -> _Node:
        """Put the next row below the last one."""
        arriving = [run for line in Line if (run := self._waiting.pop((revision, line), None))]
        lane = arriving[0].lane if arriving else self._take_lane()
        for run in arriving:
            run.last = number
        for run in arriving[1:]:
            heappush(self._free, run.lane)
        self._placed.add(revision)
        leaving = self._leave(number, lane, parents, dependencies)
        return _Node(revision, lane, (*(Segment(run.lane, None, run.line) for run in arriving), *leaving))

    def _leave(self, number: int, lane: int, parents: Sequence[str], dependencies: Sequence[str]) -> list[Segment]:
        """Start a line to each predecessor, the first one in the revision's own lane; join lines that wait already."""
        leaving = []
        own_lane_is_free = True
        wanted = [(parent, Line.DOWN) for parent in parents] + [(target, Line.DEPENDS) for target in dependencies]
        for target, line in dict.fromkeys(wanted):
            if target in self._placed:
                # Only a cycle leads upwards, and that is told in words.
                continue
            run = self._waiting.get((target, line))
            if run is None:
                run = _Run(lane if own_lane_is_free else self._take_lane(), line, number)
                own_lane_is_free = False
                self._waiting[target, line] = run
                self.runs.append(run)
            leaving.append(Segment(None, run.lane, line))
        if own_lane_is_free:
            heappush(self._free, lane)
        return leaving

    def _take_lane(self) -> int:
        if self._free:
            return heappop(self._free)
        self._lanes += 1
        return self._lanes - 1
