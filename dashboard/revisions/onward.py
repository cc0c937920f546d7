"""Branches that go on from the same heads: each is clean alone, and a second one merged leaves two heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.revisions.overlay import OverlaidHistory


@dataclass(frozen=True, slots=True)
class Onward:
    """How what a branch brings goes on from the heads that are there."""

    brings: frozenset[str]
    above: tuple[tuple[str, frozenset[str]], ...]
    """(an effective head that it goes on from, its own heads above that one)."""


def find_onward(heads: Iterable[str], merged: OverlaidHistory) -> Onward:
    """`heads`: the effective ones before the merge; `merged`: the history after it."""
    brings = frozenset(revision for revision, record in merged.changed.items() if record is not None)
    above: dict[str, set[str]] = {head: set() for head in heads if head not in brings}
    for own in brings.intersection(merged.effective_heads):
        for head in _entered(own, brings, merged).intersection(above):
            above[head].add(own)
    return Onward(brings, tuple((head, frozenset(own)) for head, own in above.items() if own))


def find_colliding(branches: Mapping[str, Onward]) -> dict[str, tuple[str, ...]]:
    """By branch: those others with which a merge of heads is needed although either alone needs none.

    In the order of `branches`; a branch that collides with none is left out. Two collide where both go on from one head
    and neither holds the other's revisions there. Only those of one head are looked at against each other.
    """
    groups: dict[str, list[tuple[str, frozenset[str], frozenset[str]]]] = {}
    for name, onward in branches.items():
        for head, own in onward.above:
            groups.setdefault(head, []).append((name, own, onward.brings))
    found: dict[str, dict[str, None]] = {}
    for group in groups.values():
        for name, own, brings in group:
            others = [n for n, theirs, all_theirs in group if not (own <= all_theirs or theirs <= brings)]
            found.setdefault(name, {}).update(dict.fromkeys(others))
    return {name: tuple(others) for name, others in found.items() if others}


def _entered(start: str, own: frozenset[str], merged: OverlaidHistory) -> set[str]:
    """The revisions that are not `own` at which following `start` down through own ones ends."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += merged.below(at) if at in own else ()
    return seen - own
