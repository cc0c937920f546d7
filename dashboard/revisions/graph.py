"""One project's history: what follows what, in Alembic's order and Alembic's notation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from dashboard.revisions import notation
from dashboard.revisions.answers import Answers
from dashboard.revisions.edges import direct_predecessors, inverted
from dashboard.revisions.errors import HistoryError
from dashboard.revisions.ordering import newest_first
from dashboard.revisions.records import Problem, RevisionRecord
from dashboard.revisions.soundness import examine

__all__ = ["HistoryError", "RevisionGraph"]


CLOSURES_ROOM = 500_000
"""Revisions in all kept sets of ancestors, which take fifty bytes each."""


class RevisionGraph:
    """The history that the records make up. Building it never fails: what is wrong is in `problems`.

    Records come in the order of Alembic's listing (sorted file names, location by location); of a duplicate
    id the last file counts, as in Alembic. With problems, `history`, the heads and `pending` still tell what can
    be told, while paths that are to be run raise HistoryError: Alembic loads all files or nothing.
    """

    def __init__(self, records: Sequence[RevisionRecord]) -> None:
        self.records: Mapping[str, RevisionRecord] = {record.revision: record for record in records}
        self._examined = examine(records)
        self._position = {revision: number for number, revision in enumerate(self.records)}
        self._down = direct_predecessors(
            self._examined.parents, self._examined.dependencies, has_cycles=self._examined.has_cycles
        )
        self._closures: Answers[frozenset[str]] = Answers(room=CLOSURES_ROOM)
        self._pending: Answers[tuple[tuple[RevisionRecord, ...], tuple[Problem, ...]]] = Answers()
        self._newest_first: tuple[RevisionRecord, ...] | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that keeps Alembic from loading this history, or that makes it ambiguous."""
        return self._examined.problems

    @property
    def broken(self) -> Mapping[str, Problem]:
        """By id: the first fault of those revisions whose own place in the history is unknown."""
        return self._examined.broken

    @property
    def labels(self) -> Mapping[str, str]:
        """By branch label: the revision whose file sets it."""
        return self._examined.labels

    @cached_property
    def uncertain(self) -> bool:
        """Whether a dependency is set by code: an order or an effective head may differ from Alembic's."""
        return bool(self._examined.unresolved_dependencies) or any(
            "depends_on" in record.set_by_code for record in self.records.values()
        )

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Revisions that no other names as its down revision, in the order of the files."""
        followed = {parent for down in self._examined.parents.values() for parent in down}
        return tuple(revision for revision in self.records if revision not in followed)

    @cached_property
    def effective_heads(self) -> tuple[str, ...]:
        """The heads that no other revision depends on: the rows of a fully upgraded database."""
        needed = {target for targets in self._examined.dependencies.values() for target in targets}
        return tuple(head for head in self.heads if head not in needed)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Revisions without a down revision, in the order of the files."""
        return tuple(record.revision for record in self.records.values() if not record.down_revision)

    @cached_property
    def branch_points(self) -> tuple[str, ...]:
        """Down revision of more than one revision; newest first."""
        return tuple(record.revision for record in self.history() if len(self.next_revisions(record.revision)) > 1)

    @cached_property
    def merge_points(self) -> tuple[str, ...]:
        """Revisions with more than one down revision; newest first."""
        return tuple(record.revision for record in self.history() if len(record.down_revision) > 1)

    def parents(self, revision: str) -> tuple[str, ...]:
        """Its down revisions, as far as the script directory has them."""
        return self._examined.parents[revision]

    def dependencies(self, revision: str) -> tuple[str, ...]:
        """The ids that its depends_on names, labels resolved, as far as the script directory has them."""
        return self._examined.dependencies.get(revision, ())

    def next_revisions(self, revision: str) -> tuple[str, ...]:
        """The revisions that name it as their down revision, in the order of the files."""
        return self._next.get(revision, ())

    @cached_property
    def followers(self) -> Mapping[str, int]:
        """By id: how many revisions name it as their down revision or in their depends_on; 0 is left out."""
        counts: Counter[str] = Counter()
        for revision, parents in self._examined.parents.items():
            counts.update({*parents, *self.dependencies(revision)})
        return counts

    def history(self) -> tuple[RevisionRecord, ...]:
        """Every revision, newest first, in the order of `alembic history`."""
        if self._newest_first is None:
            followed = {parent for down in self._down.values() for parent in down}
            tops = [revision for revision in self.records if revision not in followed]
            self._newest_first = self._in_order(self.records, tops)
        return self._newest_first

    def execution_order(self, ids: Iterable[str]) -> tuple[RevisionRecord, ...]:
        """The revisions of `ids` in the order in which an upgrade applies them. Unknown ids are left out."""
        wanted = self.records.keys() & set(ids)
        return self._in_order(wanted, self._tops(wanted))[::-1]

    def latest(self, ids: Iterable[str]) -> tuple[RevisionRecord, ...]:
        """Those of `ids` (which hold what they build on) that none of the others builds on."""
        return self.execution_order(self._tops(self.records.keys() & set(ids)))

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """`ids` and all that they build on, by down_revision and depends_on. Unknown ids are left out."""
        key = tuple(sorted(ids))
        found = self._closures.get(key)
        if found is None:
            found = self._walk_down(key)
            self._closures.keep(key, found, len(found))
        return found

    def overlap(self, ids: Sequence[str]) -> tuple[str, str] | None:
        """A revision of `ids` and another that already contains it; None where they stand side by side."""
        for upper in ids:
            below = self.ancestors([upper])
            lower = next((other for other in ids if other != upper and other in below), None)
            if lower is not None:
                return lower, upper
        return None

    def pending(self, current: Sequence[str]) -> tuple[RevisionRecord, ...]:
        """What an upgrade to the effective heads applies, in the order of execution; empty where up to date.

        Raises HistoryError where `current` is unknown here or overlaps, or a fault lies on the way.
        """
        sound, faults = self.sound_pending(current)
        if faults:
            raise HistoryError(faults[0].detail, faults)
        return sound

    def sound_pending(self, current: Sequence[str]) -> tuple[tuple[RevisionRecord, ...], tuple[Problem, ...]]:
        """The pending revisions that can be told, and the faults that keep the others from being told.

        Raises HistoryError where `current` is unknown here or overlaps.
        """
        self._check(current, "The database's row")
        key = tuple(sorted(current))
        found = self._pending.get(key)
        if found is None:
            found = self._find_pending(current)
            self._pending.keep(key, found, len(found[0]))
        return found

    def _find_pending(self, current: Sequence[str]) -> tuple[tuple[RevisionRecord, ...], tuple[Problem, ...]]:
        needed = self.records.keys() - self.ancestors(current)
        broken = [revision for revision in self.broken if revision in needed]
        faults = tuple(dict.fromkeys(self.broken[revision] for revision in broken))
        doubtful = self.descendants(broken)
        wanted = needed - doubtful if doubtful else needed
        return self._in_order(wanted, self._tops(wanted))[::-1], faults

    def descendants(self, ids: Iterable[str]) -> frozenset[str]:
        """`ids` and all that builds on them, by down_revision and depends_on."""
        found: set[str] = set()
        todo = list(ids)
        while todo:
            revision = todo.pop()
            if revision not in found:
                found.add(revision)
                todo += self._up.get(revision, ())
        return frozenset(found)

    def upgrade_path(self, current: Sequence[str], targets: Sequence[str]) -> tuple[RevisionRecord, ...]:
        """The revisions that lead from `current` to `targets` (whole ids), in the order of execution.

        Empty where the targets are applied already. Raises HistoryError.
        """
        self.require_sound()
        self._check(current, "The database's row")
        self._check(targets, "The target")
        wanted = self.ancestors(targets) - self.ancestors(current)
        return self._in_order(wanted, targets)[::-1]

    def downgrade_path(self, current: Sequence[str], target: str) -> tuple[RevisionRecord, ...]:
        """The revisions to revert so that `target` (Alembic's notation) remains, in the order of execution.

        Raises HistoryError.
        """
        self.require_sound()
        self._check(current, "The database's row")
        reverted = notation.reverted_revisions(self._map, tuple(current), target)
        return self._in_order(reverted, current)

    def resolve(self, text: str, current: Sequence[str]) -> tuple[str, ...]:
        """The whole ids that `text` (id, unique prefix, label@head, head, heads, +N, -N, base) means.

        `base` is the empty tuple; +N and -N count from `current`. Raises HistoryError.
        """
        self.require_sound()
        if notation.counts_from_current(text):
            self._check(current, "The database's row")
        return notation.resolve(self._map, text, tuple(current))

    def require_sound(self) -> None:
        """Raises HistoryError where Alembic could not load this history, or where an id is ambiguous."""
        if self.problems:
            first = self.problems[0]
            more = f" ({len(self.problems) - 1} more problems.)" if len(self.problems) > 1 else ""
            raise HistoryError(f"{first.where}{first.detail} {first.hint}{more}", self.problems)

    @cached_property
    def _map(self) -> notation.RevisionMap:
        return notation.build_map(self.records.values())

    @cached_property
    def _next(self) -> Mapping[str, tuple[str, ...]]:
        return inverted(self._examined.parents)

    @cached_property
    def _up(self) -> Mapping[str, tuple[str, ...]]:
        return inverted(self._down)

    def _walk_down(self, ids: Iterable[str]) -> frozenset[str]:
        seen: set[str] = set()
        todo = [revision for revision in ids if revision in self._down]
        while todo:
            revision = todo.pop()
            if revision not in seen:
                seen.add(revision)
                todo += self._down[revision]
        return frozenset(seen)

    def _tops(self, wanted: Iterable[str]) -> list[str]:
        wanted = wanted if isinstance(wanted, set | frozenset) else set(wanted)
        followed = {parent for revision in wanted for parent in self._down[revision]}
        return [revision for revision in wanted if revision not in followed]

    def _in_order(self, wanted: Iterable[str], tops: Iterable[str]) -> tuple[RevisionRecord, ...]:
        chosen = wanted if isinstance(wanted, Mapping | set | frozenset) else set(wanted)
        if not chosen:
            return ()
        ordered = newest_first(chosen, tops, self._down, self._position)
        return tuple(self.records[revision] for revision in ordered)

    def _check(self, ids: Sequence[str], what: str) -> None:
        for revision in ids:
            if revision not in self.records:
                raise HistoryError(f"{what} {revision!r} is no revision of this script directory.")
        pair = self.overlap(ids) if len(ids) > 1 else None
        if pair:
            raise HistoryError(f"{what} {pair[0]!r} is contained in {pair[1]!r}: name only the latter.")
