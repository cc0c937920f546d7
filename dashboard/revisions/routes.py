"""From the rows of a database to where a person wants it: which revisions, in which order, and what the rows are then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.errors import HistoryError
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.revisions.records import RevisionRecord


class Direction(StrEnum):
    """What a plan does. The values are those of `allow` in dashboard.toml."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    STAMP = "stamp"
    START_FRESH = "start_fresh"
    """Downgrade to base, then upgrade to the heads, in one run."""
    RESTORE = "restore"
    """A backup takes the database's place."""

    @property
    def runs_revisions(self) -> bool:
        """Code of the project is executed."""
        return self not in {Direction.STAMP, Direction.RESTORE}


class Action(StrEnum):
    """What is done with one revision."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class Route:
    """Steps in the order of execution; `result` are the rows afterwards, in the order of the files."""

    steps: tuple[tuple[RevisionRecord, Action], ...]
    target: tuple[str, ...]
    """Whole ids: of what was asked for; of a downgrade, what remains."""
    result: tuple[str, ...]


def find_route(
    graph: RevisionGraph,
    direction: Direction,
    rows: Sequence[str],
    requested: Sequence[str],
    permanent_heads: Sequence[str] = (),
) -> Route:
    """`requested`: Alembic's notation, counted from `rows`; none: the heads. Raises HistoryError with the mend."""
    match direction:
        case Direction.UPGRADE:
            return _upgrade(graph, rows, _targets(graph, rows, requested, permanent_heads))
        case Direction.DOWNGRADE:
            return _downgrade(graph, rows, requested)
        case Direction.STAMP:
            return _stamp(graph, rows, requested, permanent_heads)
        case Direction.START_FRESH:
            return _start_fresh(graph, rows, requested, permanent_heads)
        case Direction.RESTORE:
            raise HistoryError("A restore goes back to a backup, not along revisions: name the backup.")


def lasting_rows(graph: RevisionGraph, applied: Iterable[str]) -> tuple[str, ...]:
    """The rows of a version table when exactly `applied` are: those that no other of them builds on."""
    held = set(applied)
    below = {other for r in held for other in (*graph.parents(r), *graph.dependencies(r))}
    return tuple(revision for revision in graph.records if revision in held and revision not in below)


def _upgrade(graph: RevisionGraph, rows: Sequence[str], targets: tuple[str, ...]) -> Route:
    path = graph.upgrade_path(rows, targets)
    applied = graph.ancestors(rows) | {record.revision for record in path}
    return Route(tuple((record, Action.UPGRADE) for record in path), targets, lasting_rows(graph, applied))


def _downgrade(graph: RevisionGraph, rows: Sequence[str], requested: Sequence[str]) -> Route:
    if len(requested) != 1:
        how = "Name where to go back to" if not requested else "A downgrade goes to one target"
        raise HistoryError(f"{how}: -1, a revision, or base.")
    path = graph.downgrade_path(rows, requested[0])
    remaining = graph.ancestors(rows) - {record.revision for record in path}
    result = lasting_rows(graph, remaining)
    return Route(tuple((record, Action.DOWNGRADE) for record in path), result, result)


def _stamp(graph: RevisionGraph, rows: Sequence[str], requested: Sequence[str], permanent: Sequence[str]) -> Route:
    """As `alembic stamp`: rows of the same branch give way, other branches stay; rows unknown here always go."""
    graph.require_sound()
    if not requested:
        raise HistoryError("Name the revision to stamp with: an id, head, or base.")
    if "base" in requested and len(requested) > 1:
        raise HistoryError("base means no row at all: name it alone.")
    known = tuple(row for row in rows if row in graph.records)
    targets = () if tuple(requested) == ("base",) else _targets(graph, known, requested, permanent)
    if not targets and tuple(requested) != ("base",):
        raise HistoryError("That means base. To empty the version table, name base itself.")
    kept = [row for row in known if targets and not any(_share_lineage(graph, row, target) for target in targets)]
    result = tuple(revision for revision in graph.records if revision in {*targets, *kept})
    written = tuple((graph.records[target], Action.STAMP) for target in targets if target not in rows)
    return Route(written, targets, result)


def _start_fresh(
    graph: RevisionGraph, rows: Sequence[str], requested: Sequence[str], permanent: Sequence[str]
) -> Route:
    targets = _targets(graph, (), requested, permanent)
    down = _downgrade(graph, rows, ("base",))
    up = _upgrade(graph, (), targets)
    return Route((*down.steps, *up.steps), targets, up.result)


def _targets(
    graph: RevisionGraph, rows: Sequence[str], requested: Sequence[str], permanent: Sequence[str]
) -> tuple[str, ...]:
    """Whole ids, without those that another of them contains."""
    if requested:
        found = dict.fromkeys(revision for text in requested for revision in graph.resolve(text, rows))
        return tuple(r for r in found if not any(r != other and r in graph.ancestors([other]) for other in found))
    graph.require_sound()
    extra = extra_heads(graph, permanent)
    if extra:
        heads = graph.effective_heads
        several = f"There are {len(heads)} heads: {', '.join(heads)}."
        if permanent:
            several += f" {', '.join(extra)} {'is' if len(extra) == 1 else 'are'} not among the permanent ones."
        raise HistoryError(
            f'{several} Name a target, or `heads` for all of them, or merge them with: alembic merge heads -m "..."'
        )
    return graph.effective_heads


def _share_lineage(graph: RevisionGraph, row: str, target: str) -> bool:
    return row in graph.ancestors([target]) or target in graph.ancestors([row])
