"""The rows of the history page: revision, lanes, tags, and which environment stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.lanes import lane_rows
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import State
from dashboard.usecases.read_status import EnvironmentStatus
from dashboard.views.badges import Badge, badge_of_status
from dashboard.views.lane_tiles import Tile, draw_lone_tile, draw_tiles

PAGE = 200
_TELLING = frozenset({State.CURRENT, State.PENDING, State.UNVERSIONED})
"""States in which it can be told which revisions are applied."""


@dataclass(frozen=True, slots=True)
class Tag:
    """`kind` names a `.tag-*` class."""

    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Flag:
    """An environment that stands at a revision."""

    name: str
    badge: Badge
    is_plain: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """`standing` on the chosen environment: applied, pending, or empty where it cannot be told."""

    record: RevisionRecord
    tile: Tile
    tags: tuple[Tag, ...]
    flags: tuple[Flag, ...]
    standing: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of the history. `next_after`: the revision after which the next part begins; empty: this is the end."""

    rows: tuple[HistoryRow, ...]
    total: int
    shown: int
    next_after: str


def list_rows(
    graph: RevisionGraph,
    environments: Sequence[EnvironmentStatus],
    chosen: EnvironmentStatus | None,
    text: str,
    after: str,
) -> HistoryPage:
    """Newest first, in Alembic's order. `text` keeps the revisions that hold each of its words."""
    history = graph.history()
    numbers = [number for number, record in enumerate(history) if _matches(record, text)]
    begin = next((at + 1 for at, number in enumerate(numbers) if history[number].revision == after), 0) if after else 0
    part = numbers[begin : begin + PAGE]
    merges = frozenset(graph.merge_points)
    if text:
        tiles = tuple(draw_lone_tile(history[number].revision in merges) for number in part)
    else:
        tiles = draw_tiles(lane_rows(graph)[begin : begin + PAGE], merges)
    tags, flags, standing = _Tags(graph), _flags(environments), _Standing(graph, chosen)
    rows = tuple(
        HistoryRow(record, tile, tags.of(record), flags.get(record.revision, ()), standing.of(record.revision))
        for record, tile in zip((history[number] for number in part), tiles, strict=True)
    )
    more = begin + len(part) < len(numbers)
    return HistoryPage(rows, len(history), begin + len(part), rows[-1].record.revision if more else "")


def list_off_graph(
    graph: RevisionGraph, environments: Sequence[EnvironmentStatus]
) -> tuple[tuple[EnvironmentStatus, tuple[str, ...]], ...]:
    """Environments at revisions that this history lacks: they stand above the table, never vanish."""
    lacking = ((e, tuple(row for row in e.status.current if row not in graph.records)) for e in environments)
    return tuple((environment, rows) for environment, rows in lacking if rows)


class _Tags:
    """What a revision is in its graph."""

    def __init__(self, graph: RevisionGraph) -> None:
        self._heads = frozenset(graph.heads)
        self._branch_points = frozenset(graph.branch_points)
        self._merge_points = frozenset(graph.merge_points)
        self._bases = frozenset(graph.bases)

    def of(self, record: RevisionRecord) -> tuple[Tag, ...]:
        tags = []
        if record.revision in self._heads:
            tags.append(Tag("head", "head"))
        if record.revision in self._branch_points:
            tags.append(Tag("point", "branch point"))
        if record.revision in self._merge_points:
            tags.append(Tag("point", "merge point"))
        if record.revision in self._bases:
            tags.append(Tag("point", "base"))
        tags += [Tag("label", label) for label in record.branch_labels]
        tags += [Tag("depends", f"depends on {name}") for name in record.depends_on]
        tags += [Tag("warning", f"{name} set by code") for name in record.set_by_code]
        return tuple(tags)


class _Standing:
    """Which revisions the chosen environment has."""

    def __init__(self, graph: RevisionGraph, chosen: EnvironmentStatus | None) -> None:
        self._knows = chosen is not None and chosen.status.state in _TELLING
        self._applied = graph.ancestors(chosen.status.current) if chosen and self._knows else frozenset()

    def of(self, revision: str) -> str:
        if not self._knows:
            return ""
        return "applied" if revision in self._applied else "pending"


def _flags(environments: Sequence[EnvironmentStatus]) -> dict[str, tuple[Flag, ...]]:
    flags: dict[str, tuple[Flag, ...]] = {}
    for environment in environments:
        badge = badge_of_status(environment.status)
        flag = Flag(environment.environment.name, badge, environment.status.state in _TELLING)
        for row in environment.status.current:
            flags[row] = (*flags.get(row, ()), flag)
    return flags


def _matches(record: RevisionRecord, text: str) -> bool:
    if not text:
        return True
    inside = " ".join((record.revision, record.message, record.path, *record.branch_labels)).casefold()
    return all(word in inside for word in text.casefold().split())
