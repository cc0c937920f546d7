"""Many branches against one: what each would do to the history once it is merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.changes import Merge, RevisionChange, SideChanges, merge_changes, merged_records
from dashboard.revisions.conflicts import (
    Conflict,
    conflicts_of_history,
    conflicts_of_merging,
    conflicts_of_unreadable,
)
from dashboard.revisions.edges import from_the_bases
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.merge_advice import Reparenting, find_reparentings, heads_to_merge
from dashboard.revisions.onward import Onward, find_onward
from dashboard.revisions.overlay import OverlaidHistory
from dashboard.revisions.records import RevisionRecord, UnreadableFile
from dashboard.revisions.soundness import ILLEGAL_CHARACTERS, RESERVED_WORDS


class Verdict(StrEnum):
    """Of one branch, worst first."""

    CONFLICT = "conflict"
    MERGE_NEEDED = "merge_needed"
    CLEAN = "clean"
    """It brings revisions, and merging asks nothing of anybody."""
    NOTHING_OWN = "nothing_own"


@dataclass(frozen=True, slots=True)
class BranchJudgement:
    """What merging one branch means."""

    heads: tuple[str, ...]
    """Effective heads of the branch as it is."""
    added: tuple[RevisionRecord, ...]
    """Revisions that it brings, in the order of their paths."""
    lacking: int
    """How many revisions the other branch has made since."""
    heads_after_merge: tuple[str, ...]
    to_merge: tuple[tuple[str, ...], ...]
    reparentings: tuple[Reparenting, ...]
    conflicts: tuple[Conflict, ...]
    onward: Onward

    @property
    def verdict(self) -> Verdict:
        """Conflicts first: they have to be settled before heads mean anything."""
        if self.conflicts:
            return Verdict.CONFLICT
        if self.to_merge:
            return Verdict.MERGE_NEEDED
        return Verdict.CLEAN if self.added else Verdict.NOTHING_OWN


def judge_branch(
    left: RevisionGraph,
    *,
    from_left: Iterable[RevisionChange],
    changes: SideChanges,
    unreadable: Iterable[UnreadableFile] = (),
    permanent: Sequence[str] = (),
) -> BranchJudgement:
    """`from_left`: what differs between `left` and the branch; `changes`: what both did since their common commit.

    `unreadable`: files that the branch changed so that they cannot be read. The same answer as compare_histories, at a
    cost that does not grow with the history.
    """
    merge = merge_changes(left.records, changes)
    merged = OverlaidHistory(left, merge.taken)
    added = tuple(c.after for c in merge.taken if c.before is None and c.after is not None)
    to_merge = heads_to_merge(merged, permanent) if merge.taken else ()
    conflicts = [*conflicts_of_merging(merge, changes, left.records), *conflicts_of_unreadable((), unreadable)]
    if not _is_plain(left, merged, merge):
        graph = RevisionGraph(merged_records(left.records, merge))
        conflicts += conflicts_of_history(graph, left.problems)
    return BranchJudgement(
        heads=OverlaidHistory(left, from_left).effective_heads,
        added=tuple(sorted(added, key=lambda record: record.path)),
        lacking=sum(change.before is None for change in changes.left),
        heads_after_merge=merged.effective_heads,
        to_merge=to_merge,
        reparentings=find_reparentings(left, added, permanent) if to_merge else (),
        conflicts=tuple(conflicts),
        onward=find_onward(left.effective_heads, merged),
    )


def same_merges(added: Mapping[str, Iterable[RevisionRecord]]) -> dict[str, tuple[tuple[str, str], ...]]:
    """`added`: by branch, what it brings. By branch: (own merge revision, branch that merges the same heads)."""
    makers: dict[frozenset[str], list[tuple[str, str]]] = {}
    for branch, records in added.items():
        for record in records:
            if len(record.down_revision) > 1:
                makers.setdefault(frozenset(record.down_revision), []).append((branch, record.revision))
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for group in makers.values():
        for branch, revision in group:
            rivals = tuple((revision, other) for other, theirs in group if other != branch and theirs != revision)
            if rivals:
                found[branch] = (*found.get(branch, ()), *rivals)
    return found


def _is_plain(left: RevisionGraph, merged: OverlaidHistory, merge: Merge) -> bool:
    """Whether nothing but additions onto what is there can be seen, so that no new fault can have come in."""
    records = [change.after for change in merge.taken]
    if any(change.before is not None for change in merge.taken):
        return False
    own = {record.revision: record for record in records if record is not None}
    return all(
        all(name in merged for name in record.down_revision)
        and all(merged.labels.get(name, name) in merged for name in record.depends_on)
        and record.revision not in left.labels
        and ILLEGAL_CHARACTERS.isdisjoint(record.revision)
        and record.revision not in RESERVED_WORDS
        and not record.branch_labels
        for record in own.values()
    ) and _climbs(own)


def _climbs(own: Mapping[str, RevisionRecord]) -> bool:
    """Whether following the new revisions down ends, that is, whether there is no cycle among them."""
    down = {r: [n for n in (*record.down_revision, *record.depends_on) if n in own] for r, record in own.items()}
    return sum(1 for _ in from_the_bases(down)) == len(own)
