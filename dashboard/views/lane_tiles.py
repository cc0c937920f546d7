"""Draws one row of a history's lanes as an SVG tile that needs no other tile.

Curves live in the first 34 pixels; straight lines run to 100 %, so a row may be higher than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboard.revisions.lanes import LaneRow, Line, Segment

PITCH = 14
FIRST_CENTRE = 12
NODE_Y = 17
CURVES_END = 34
LEAST_LANES = 3
COLOURS = 3


@dataclass(frozen=True, slots=True)
class Stroke:
    """A curve where `path` is set, else a straight line at `x`. `lane` is a colour."""

    lane: int
    is_dependency: bool
    path: str = ""
    x: int = 0
    top: str = "0"
    bottom: str = "100%"


@dataclass(frozen=True, slots=True)
class Tile:
    """`x` is the node's centre. A merge point is drawn as a lozenge."""

    width: int
    x: int
    lane: int
    strokes: tuple[Stroke, ...]
    is_merge: bool

    @property
    def lozenge_x(self) -> int:
        """Left edge of the square that is turned into the lozenge."""
        return self.x - 4


def draw_tiles(rows: Sequence[LaneRow], merge_points: frozenset[str]) -> tuple[Tile, ...]:
    """One tile a row, all of one width."""
    lanes = max([LEAST_LANES, *(row.width for row in rows)])
    width = FIRST_CENTRE * 2 + PITCH * (lanes - 1)
    return tuple(
        Tile(
            width=width,
            x=centre(row.lane),
            lane=row.lane % COLOURS,
            strokes=tuple(stroke for segment in row.segments for stroke in _strokes(segment, row.lane)),
            is_merge=row.revision in merge_points,
        )
        for row in rows
    )


def draw_lone_tile(is_merge: bool) -> Tile:
    """For a search result, whose neighbours are not shown."""
    return Tile(FIRST_CENTRE * 2 + PITCH * (LEAST_LANES - 1), centre(0), 0, (), is_merge)


def centre(lane: int) -> int:
    """In pixels."""
    return FIRST_CENTRE + PITCH * lane


def _strokes(segment: Segment, lane: int) -> Iterator[Stroke]:
    depends = segment.line is Line.DEPENDS
    x = centre(lane)
    if segment.start is not None and segment.end is not None:
        yield Stroke(segment.start % COLOURS, depends, x=centre(segment.start))
    elif segment.start is not None:
        above = centre(segment.start)
        colour = segment.start % COLOURS
        if above == x:
            yield Stroke(colour, depends, x=x, bottom=str(NODE_Y))
        else:
            yield Stroke(colour, depends, path=f"M{above} 0C{above} 11 {x} 5 {x} {NODE_Y}")
    elif segment.end is not None:
        below = centre(segment.end)
        colour = segment.end % COLOURS
        if below == x:
            yield Stroke(colour, depends, x=x, top=str(NODE_Y))
        else:
            yield Stroke(colour, depends, path=f"M{x} {NODE_Y}C{x} 28 {below} 22 {below} {CURVES_END}")
            yield Stroke(colour, depends, x=below, top=str(CURVES_END - 0.5))
