"""Direct predecessors and successors, as Alembic counts them when it puts revisions in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dashboard.revisions.cycles import cycles


def direct_predecessors(
    parents: Mapping[str, tuple[str, ...]], dependencies: Mapping[str, tuple[str, ...]], *, has_cycles: bool
) -> dict[str, tuple[str, ...]]:
    """Down revisions, then dependencies less those that a revision further down the same line has already.

    Edges inside a cycle are cut, so that every walk ends; the fault itself is among the graph's problems.
    """
    if not dependencies:
        down = {revision: _unique(named) for revision, named in parents.items()}
        return _without_cycles(down) if has_cycles else down
    bits = {target: 1 << at for at, target in enumerate({t for own in dependencies.values() for t in own})}
    inherited = dict.fromkeys(parents, 0)
    for revision in from_the_bases(parents):
        for parent in parents[revision]:
            inherited[revision] |= inherited[parent]
            for target in dependencies.get(parent, ()):
                inherited[revision] |= bits[target]
    down = {}
    for revision, named in parents.items():
        own = dependencies.get(revision, ())
        fresh = tuple(target for target in own if not inherited[revision] & bits[target])
        down[revision] = _unique(named + fresh)
    return _without_cycles(down) if has_cycles else down


def from_the_bases(down: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Each id after its predecessors. Those in a cycle, and those above one, are left out."""
    waiting = {revision: len(set(before)) for revision, before in down.items()}
    up = inverted(down)
    ready = [revision for revision, count in waiting.items() if count == 0]
    while ready:
        revision = ready.pop()
        yield revision
        for child in up.get(revision, ()):
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)


def inverted(down: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """By id: its direct successors, in the order of `down`."""
    up: dict[str, list[str]] = {}
    for revision, parents in down.items():
        for parent in dict.fromkeys(parents):
            up.setdefault(parent, []).append(revision)
    return {revision: tuple(children) for revision, children in up.items()}


def _unique(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids)) if len(ids) > 1 else ids


def _without_cycles(down: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    group_of = {revision: number for number, group in enumerate(cycles(down)) for revision in group}
    for revision, group in group_of.items():
        down[revision] = tuple(parent for parent in down[revision] if group_of.get(parent) != group)
    return down
