"""Draws one row of a history's lanes as an SVG tile that needs no other tile.

Curves live in the first 34 pixels; straight lines run to 100 %, so a row may be higher than that. Lanes beyond the twelfth
share one place at the right, drawn as a bundle: five hundred open branches side by side would tell nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from dashboard.revisions.lanes import LaneRow, Line, Segment

PITCH = 14
FIRST_CENTRE = 12
NODE_Y = 17
CURVES_END = 34
LEAST_LANES = 3
COLOURS = 3
MOST_LANES = 12


@dataclass(frozen=True, slots=True)
class Stroke:
    """A curve where `path` is set, else a straight line at `x`. `lane` is a colour."""

    lane: int
    is_dependency: bool
    path: str = ""
    x: int = 0
    top: str = "0"
    bottom: str = "100%"
    is_bundle: bool = False

    @property
    def svg(self) -> str:
        """One element."""
        kind = " depends" if self.is_dependency else ""
        kind += " bundle" if self.is_bundle else ""
        if self.path:
            return f'<path class="lane lane-{self.lane}{kind}" d="{self.path}"/>'
        at = f'x1="{self.x}" x2="{self.x}" y1="{self.top}" y2="{self.bottom}"'
        return f'<line class="lane lane-{self.lane}{kind}" {at}/>'


@dataclass(frozen=True, slots=True)
class Tile:
    """`x` is the node's centre. A merge point is drawn as a lozenge."""

    width: int
    x: int
    lane: int
    strokes: tuple[Stroke, ...]
    is_merge: bool

    def draw(self, standing: str) -> SafeString:
        """As SVG; `standing` is a class of the node. Here and not in a template, since a page has thousands of strokes.

        What stands in it are numbers and names of classes, so that nothing needs escaping.
        """
        return mark_safe(  # noqa: S308  (see above)
            f'<svg class="lane-spacer" width="{self.width}" height="1" aria-hidden="true"></svg>'
            f'<svg class="lanes" width="{self.width}" height="100%" aria-hidden="true">'
            f"{''.join(stroke.svg for stroke in self.strokes)}{self._node(standing)}</svg>"
        )

    def _node(self, standing: str) -> str:
        look = f'class="node lane-{self.lane} {standing}"'
        if not self.is_merge:
            return f'<circle {look} cx="{self.x}" cy="{NODE_Y}" r="4.5"/>'
        turn = f'transform="rotate(45 {self.x} {NODE_Y})"'
        return f'<rect {look} x="{self.x - 4}" y="{NODE_Y - 4}" width="8" height="8" {turn}/>'


def width_of(lanes: int) -> int:
    """In pixels, for so many lanes."""
    return FIRST_CENTRE * 2 + PITCH * (min(MOST_LANES + 1, max(LEAST_LANES, lanes)) - 1)


def draw_tiles(rows: Sequence[LaneRow], lanes: int, merge_points: frozenset[str]) -> tuple[Tile, ...]:
    """One tile a row, all wide enough for `lanes`."""
    return tuple(
        Tile(
            width=width_of(lanes),
            x=centre(row.lane),
            lane=_colour(row.lane),
            strokes=tuple(dict.fromkeys(stroke for segment in row.segments for stroke in _strokes(segment, row.lane))),
            is_merge=row.revision in merge_points,
        )
        for row in rows
    )


def draw_lone_tile(is_merge: bool) -> Tile:
    """For a search result, whose neighbours are not shown."""
    return Tile(width_of(LEAST_LANES), centre(0), 0, (), is_merge)


def centre(lane: int) -> int:
    """In pixels."""
    return FIRST_CENTRE + PITCH * min(lane, MOST_LANES)


def _colour(lane: int) -> int:
    return min(lane, MOST_LANES) % COLOURS


def _strokes(segment: Segment, lane: int) -> Iterator[Stroke]:
    x = centre(lane)
    if segment.start is not None and segment.end is not None:
        yield _line(segment, segment.start)
    elif segment.start is not None:
        above = centre(segment.start)
        if above == x:
            yield _line(segment, segment.start, bottom=str(NODE_Y))
        else:
            yield _curve(segment, segment.start, f"M{above} 0C{above} 11 {x} 5 {x} {NODE_Y}")
    elif segment.end is not None:
        below = centre(segment.end)
        if below == x:
            yield _line(segment, segment.end, top=str(NODE_Y))
        else:
            yield _curve(segment, segment.end, f"M{x} {NODE_Y}C{x} 28 {below} 22 {below} {CURVES_END}")
            yield _line(segment, segment.end, top=str(CURVES_END - 0.5))


def _line(segment: Segment, lane: int, *, top: str = "0", bottom: str = "100%") -> Stroke:
    bundled = lane >= MOST_LANES
    depends = segment.line is Line.DEPENDS and not bundled
    return Stroke(_colour(lane), depends, x=centre(lane), top=top, bottom=bottom, is_bundle=bundled)


def _curve(segment: Segment, lane: int, path: str) -> Stroke:
    return Stroke(_colour(lane), segment.line is Line.DEPENDS, path=path)
