"""Which heads of a history have to be merged, and how a branch could follow another one instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from dashboard.revisions.changes import RevisionChange
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.overlay import OverlaidHistory
from dashboard.revisions.records import RevisionRecord


class LinedHistory(Protocol):
    """What has to be known of a history: RevisionGraph and OverlaidHistory tell it."""

    @property
    def effective_heads(self) -> tuple[str, ...]:
        """Heads that no other revision depends on."""

    @property
    def labels(self) -> Mapping[str, str]:
        """By branch label: the revision that sets it."""

    def parents(self, revision: str) -> tuple[str, ...]:
        """Its down revisions."""


@dataclass(frozen=True, slots=True)
class Reparenting:
    """One edit of a revision file that makes a merge revision unnecessary."""

    record: RevisionRecord
    down_revision: str


def heads_to_merge(history: LinedHistory, permanent: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of effective heads that belong together and are more than one.

    `permanent` names the heads that stay (a label, or an id, of each line); without any, one head is right. Heads on
    no permanent line form a group of their own, which has to be merged into one of the lines: it counts from one head.
    """
    heads = history.effective_heads
    if not permanent:
        return (heads,) if len(heads) > 1 else ()
    lines: dict[str, list[str]] = {name: [] for name in permanent}
    stray: list[str] = []
    anchors = {history.labels.get(name, name): name for name in permanent}
    for head in heads:
        name = next((anchors[revision] for revision in _line_below(history, head) if revision in anchors), None)
        (stray if name is None else lines[name]).append(head)
    groups = [tuple(line) for line in lines.values() if len(line) > 1]
    return (*groups, tuple(stray)) if stray else tuple(groups)


def find_reparentings(
    left: RevisionGraph, added: Sequence[RevisionRecord], permanent: Sequence[str]
) -> tuple[Reparenting, ...]:
    """The down_revision that puts the first of the `added` revisions after a head of `left`; empty where none does.

    Tried out on the history itself: offered only where afterwards nothing has to be merged.
    """
    own = {record.revision for record in added}
    first = [record for record in added if own.isdisjoint(record.down_revision)]
    for head in left.effective_heads:
        edits = [record for record in first if len(record.down_revision) == 1 and record.down_revision != (head,)]
        edited = {record.revision: replace(record, down_revision=(head,)) for record in edits}
        tried = OverlaidHistory(left, [RevisionChange(r.revision, None, edited.get(r.revision, r)) for r in added])
        if edits and not heads_to_merge(tried, permanent):
            return tuple(Reparenting(record, head) for record in sorted(edits, key=lambda record: record.path))
    return ()


def _line_below(history: LinedHistory, revision: str) -> Iterable[str]:
    """A revision and what it follows by down_revision: a line keeps its label, whatever it depends on."""
    seen: set[str] = set()
    todo = [revision]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            yield at
            todo += history.parents(at)
