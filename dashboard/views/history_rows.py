"""The rows of the history page: revision, lanes, tags, and which environment stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.lanes import lanes_of
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import State
from dashboard.usecases.read_authors import FileCommit
from dashboard.usecases.read_status import EnvironmentStatus
from dashboard.views.badges import Badge, badge_of_status
from dashboard.views.history_query import HistoryQuery, Show
from dashboard.views.history_search import find_rows
from dashboard.views.lane_tiles import draw_lone_tile, draw_tiles

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
class OffGraph:
    """An environment that holds `rows`, which the history lacks. `more`: what else is known of that."""

    name: str
    rows: tuple[str, ...]
    more: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """`standing` on the chosen environment: applied, pending, or empty where it cannot be told."""

    record: RevisionRecord
    drawing: SafeString
    """The row's lanes."""
    tags: tuple[Tag, ...]
    flags: tuple[Flag, ...]
    standing: str
    commit: FileCommit | None
    """That brought the file in."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of the history: rows `first` to `last` of those `found`, of `total` revisions."""

    rows: tuple[HistoryRow, ...]
    total: int
    found: int
    first: int
    last: int
    next_after: str
    """The revision after which the next part begins; empty: this is the end."""
    newer_at: str
    """A revision of the part before this one; empty: this is the beginning."""
    has_authors: bool
    lanes_width: int
    """In pixels."""


def list_rows(
    graph: RevisionGraph,
    authors: Mapping[str, FileCommit],
    environments: Sequence[EnvironmentStatus],
    chosen: EnvironmentStatus | None,
    query: HistoryQuery,
) -> HistoryPage:
    """Newest first, in Alembic's order: PAGE rows of those that the query leaves."""
    history, merges, standing = graph.history(), frozenset(graph.merge_points), _Standing(graph, chosen)
    found: Sequence[int] = find_rows(graph, authors, query.text) if query.text else range(len(history))
    if query.show is not Show.ALL:
        found = [number for number in found if standing.of(history[number].revision) == query.show]
    begin = _begin(history, found, query)
    part = found[begin : begin + PAGE]
    if len(found) == len(history):
        lanes = lanes_of(graph)
        tiles = draw_tiles(lanes[begin : begin + PAGE], lanes.width, merges)
    else:
        tiles = tuple(draw_lone_tile(history[number].revision in merges) for number in part)
    tags, flags = _Tags(graph), _flags(environments)
    rows = tuple(
        HistoryRow(
            record,
            tile.draw(standing.of(record.revision)),
            tags.of(record),
            flags.get(record.revision, ()),
            standing.of(record.revision),
            authors.get(record.path),
        )
        for record, tile in zip((history[number] for number in part), tiles, strict=True)
    )
    more, before = begin + len(part) < len(found), max(0, begin - PAGE)
    return HistoryPage(
        rows,
        total=len(history),
        found=len(found),
        first=begin + 1,
        last=begin + len(part),
        next_after=rows[-1].record.revision if more else "",
        newer_at=history[found[before]].revision if begin else "",
        has_authors=bool(authors),
        lanes_width=tiles[0].width if tiles else 0,
    )


def _begin(history: Sequence[RevisionRecord], found: Sequence[int], query: HistoryQuery) -> int:
    """Where the part begins: after a revision, or at the page that holds one, else at the newest."""
    if not query.after and not query.at:
        return 0
    named = query.after or query.at
    at = next((at for at, number in enumerate(found) if history[number].revision == named), None)
    if at is None:
        return 0
    return at + 1 if query.after else at - at % PAGE


def list_off_graph(graph: RevisionGraph, environments: Sequence[EnvironmentStatus]) -> tuple[OffGraph, ...]:
    """Environments at revisions that this history lacks: they stand above the table, never vanish."""
    lacking = ((e, tuple(row for row in e.status.current if row not in graph.records)) for e in environments)
    return tuple(OffGraph(e.environment.name, rows, _say_more(e, rows)) for e, rows in lacking if rows)


def _say_more(environment: EnvironmentStatus, rows: Sequence[str]) -> str:
    """What its state says beyond that no file has the rows."""
    known = f"No file of the script directory has {', '.join(map(repr, rows))}."
    return environment.status.detail.removeprefix(known).strip()


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
