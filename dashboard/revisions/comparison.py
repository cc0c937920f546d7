"""Two histories side by side: what each has alone, and what they become once they are merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from dashboard.revisions.changes import Merge, SideChanges, merge_changes, merged_records, same_content, unite
from dashboard.revisions.conflicts import (
    Conflict,
    ConflictKind,
    conflicts_of_history,
    conflicts_of_merges,
    conflicts_of_merging,
    conflicts_of_unreadable,
)
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.merge_advice import Reparenting, find_reparentings, heads_to_merge
from dashboard.revisions.records import RevisionRecord, UnreadableFile

_LOADABLE = frozenset(
    {
        ConflictKind.EDITED,
        ConflictKind.REPARENTED,
        ConflictKind.DELETED,
        ConflictKind.SAME_MERGE,
        ConflictKind.UNKNOWN_REVISION,
    }
)
"""Conflicts of which the merged tree's files are certain."""


class Relation(StrEnum):
    """How the right side stands to the left one."""

    SAME = "same"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    UNRELATED = "unrelated"
    """They have no revision in common."""


@dataclass(frozen=True)
class HistorySide:
    """One side. `heads`: the rows of a database, or the heads of a script directory; `graph` knows what they mean."""

    graph: RevisionGraph
    heads: tuple[str, ...]
    unreadable: tuple[UnreadableFile, ...] = ()
    is_whole: bool = False
    """A script directory: it has every one of its revisions, those in a cycle too."""

    @cached_property
    def held(self) -> frozenset[str]:
        """Every revision that the side has."""
        return frozenset(self.graph.records) if self.is_whole else self.graph.ancestors(self.heads)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Rows of a database for which no file is known."""
        return tuple(row for row in self.heads if row not in self.graph.records)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lists stand in the order of execution."""

    relation: Relation
    common: tuple[RevisionRecord, ...]
    """The latest common ancestors."""
    common_count: int
    """How many revisions both sides have."""
    only_left: tuple[RevisionRecord, ...]
    only_right: tuple[RevisionRecord, ...]
    differing: tuple[tuple[RevisionRecord, RevisionRecord], ...]
    """Revisions of both sides whose files differ."""
    heads_after_merge: tuple[RevisionRecord, ...]
    """The effective heads once both sides' files are in one tree, before any merge revision."""
    to_merge: tuple[tuple[str, ...], ...]
    """Groups of these heads; each needs a merge revision."""
    reparentings: tuple[Reparenting, ...]
    """What to write instead of a merge revision, so that the right side follows the left one."""
    conflicts: tuple[Conflict, ...]
    uncertain: bool
    """A dependency is set by code, so that an order or a head may be another one."""

    @property
    def merge_needed(self) -> bool:
        """Whether the merged tree has more heads than it should."""
        return bool(self.to_merge)

    @property
    def is_predictable(self) -> bool:
        """Whether the heads of the merged tree can be told before its conflicts are settled."""
        return all(conflict.kind in _LOADABLE for conflict in self.conflicts)

    @property
    def is_clean(self) -> bool:
        """Whether merging asks nothing of anybody."""
        return not self.to_merge and not self.conflicts


def compare_histories(
    left: HistorySide, right: HistorySide, changes: SideChanges | None = None, permanent: Sequence[str] = ()
) -> Comparison:
    """`changes`: what both did since the commit they share; None: not known. `permanent`: names of heads that stay.

    The merged tree holds the files behind both sides: of a database those of the script directory that it is judged by.
    """
    both = left.held & right.held
    only_left = left.graph.execution_order(left.held - both)
    only_right = right.graph.execution_order(right.held - both)
    merge = _merge(left, right, changes)
    graph = RevisionGraph(merged_records(left.graph.records, merge)) if merge.taken else left.graph
    to_merge = heads_to_merge(graph, permanent)
    added = [change.after for change in merge.taken if change.before is None and change.after is not None]
    return Comparison(
        relation=_relation(both, only_left, only_right, left, right),
        common=left.graph.latest(both),
        common_count=len(both),
        only_left=only_left,
        only_right=only_right,
        differing=_differing(left, right, both),
        heads_after_merge=graph.execution_order(graph.effective_heads),
        to_merge=to_merge,
        reparentings=find_reparentings(left.graph, added, permanent) if to_merge else (),
        conflicts=tuple(_conflicts(left, right, changes, merge, graph, only_left, only_right)),
        uncertain=graph.uncertain,
    )


def _merge(left: HistorySide, right: HistorySide, changes: SideChanges | None) -> Merge:
    if left.graph is right.graph:
        return Merge((), ())
    if changes is None:
        return unite(left.graph.records, right.graph.records)
    return merge_changes(left.graph.records, changes)


def _relation(
    both: frozenset[str],
    only_left: tuple[RevisionRecord, ...],
    only_right: tuple[RevisionRecord, ...],
    left: HistorySide,
    right: HistorySide,
) -> Relation:
    more_left, more_right = bool(only_left or left.unknown), bool(only_right or right.unknown)
    if more_left and more_right:
        return Relation.DIVERGED if both else Relation.UNRELATED
    if more_left:
        return Relation.BEHIND
    return Relation.AHEAD if more_right else Relation.SAME


def _differing(
    left: HistorySide, right: HistorySide, both: frozenset[str]
) -> tuple[tuple[RevisionRecord, RevisionRecord], ...]:
    if left.graph is right.graph:
        return ()
    mine, others = left.graph.records, right.graph.records
    found = [revision for revision in both if not same_content(mine[revision], others[revision])]
    return tuple((record, others[record.revision]) for record in left.graph.execution_order(found))


def _conflicts(
    left: HistorySide,
    right: HistorySide,
    changes: SideChanges | None,
    merge: Merge,
    graph: RevisionGraph,
    only_left: tuple[RevisionRecord, ...],
    only_right: tuple[RevisionRecord, ...],
) -> Iterator[Conflict]:
    yield from conflicts_of_merging(merge, changes, left.graph.records)
    yield from conflicts_of_merges(only_left, only_right)
    yield from conflicts_of_history(graph, left.graph.problems)
    yield from conflicts_of_unreadable(left.unreadable, right.unreadable)
    for side, name in ((left, "left"), (right, "right")):
        for row in side.unknown:
            detail = f"The database on the {name} holds it, and no file of it is known."
            hint = "Find the branch or the commit that has the file."
            yield Conflict(ConflictKind.UNKNOWN_REVISION, row, "", "", "", detail, hint)
