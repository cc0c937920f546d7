"""A history with a few revisions changed, without building it anew: for hundreds of branches of a long history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

from dashboard.revisions.changes import RevisionChange
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord


class OverlaidHistory:
    """What `graph` becomes by `changes`, as far as heads and lines go. Costs as much as there are changes."""

    def __init__(self, graph: RevisionGraph, changes: Iterable[RevisionChange]) -> None:
        self._graph = graph
        self.changed = {change.revision: change.after for change in changes}
        added = [record for record in self.changed.values() if record is not None]
        self.labels: Mapping[str, str] = {
            **graph.labels,
            **{label: record.revision for record in added for label in record.branch_labels},
        }

    def __contains__(self, revision: object) -> bool:
        if revision in self.changed:
            return self.changed[str(revision)] is not None
        return revision in self._graph.records

    def record(self, revision: str) -> RevisionRecord | None:
        """The revision as it is afterwards."""
        return self.changed[revision] if revision in self.changed else self._graph.records.get(revision)

    def parents(self, revision: str) -> tuple[str, ...]:
        """Its down revisions, as far as they exist."""
        if revision not in self.changed:
            return tuple(parent for parent in self._graph.parents(revision) if parent in self)
        record = self.changed[revision]
        return tuple(parent for parent in record.down_revision if parent in self) if record else ()

    def below(self, revision: str) -> tuple[str, ...]:
        """What it follows and depends on, labels resolved; also what does not exist."""
        if revision not in self.changed:
            return self._below(revision)
        record = self.changed[revision]
        return self._resolved(record) if record else ()

    @cached_property
    def effective_heads(self) -> tuple[str, ...]:
        """As RevisionGraph.effective_heads; those of the graph first, then new ones in the order of the changes."""
        gone: Counter[str] = Counter()
        come: Counter[str] = Counter()
        uncovered: list[str] = []
        for revision, record in self.changed.items():
            if revision in self._graph.records:
                below = self._below(revision)
                gone.update(below)
                uncovered += below
            if record is not None:
                come.update(set(self._resolved(record)))
        followers = self._graph.followers
        candidates = dict.fromkeys((*self._graph.effective_heads, *uncovered, *self.changed))
        return tuple(
            revision
            for revision in candidates
            if revision in self and followers.get(revision, 0) - gone[revision] + come[revision] == 0
        )

    def _below(self, revision: str) -> tuple[str, ...]:
        return tuple({*self._graph.parents(revision), *self._graph.dependencies(revision)})

    def _resolved(self, record: RevisionRecord) -> tuple[str, ...]:
        return (*record.down_revision, *(self.labels.get(name, name) for name in record.depends_on))
