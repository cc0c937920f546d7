"""Alembic's order of revisions, in near linear time.

The same walk as alembic.script.revision.RevisionMap._topological_sort (1.20): follow one head down its line; where
a revision still has something above it on another line, go on there first. Alembic recomputes whole sets of
ancestors at every merge point, which takes seconds at ten thousand revisions; counting the successors that
are still to come answers the same question. Where several dependencies of one revision remain, Alembic's order
differs from process to process (it iterates a set of strings); here it is the order of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def newest_first(
    wanted: Collection[str],
    heads: Iterable[str],
    down: Mapping[str, tuple[str, ...]],
    position: Mapping[str, int],
) -> list[str]:
    """Order `wanted` so that each id comes before everything it builds on.

    `heads` must lie above all of `wanted`; `down` gives the direct predecessors, without repetition and
    without a cycle; `position` is the order of the files.
    """
    todo = set(wanted)
    above = _count_successors(todo, down)
    front = sorted({head for head in heads if head in todo}, key=position.__getitem__)
    in_front = set(front)
    finder: _LineFinder | None = None
    output: list[str] = []
    at = 0
    while front:
        candidate = front[at]
        if above[candidate]:
            finder = finder or _LineFinder(todo, down)
            at = finder.first_above(candidate, front)
            continue
        output.append(candidate)
        in_front.discard(candidate)
        todo.discard(candidate)
        before = [parent for parent in down[candidate] if parent in todo]
        for parent in before:
            above[parent] -= 1
        fresh = [parent for parent in before if parent not in in_front]
        if not fresh:
            del front[at]
            at = max(at - 1, 0)
            continue
        front[at] = fresh[0]
        front += fresh[1:]
        in_front.update(fresh)
    return output


def _count_successors(todo: Collection[str], down: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    above = dict.fromkeys(todo, 0)
    for revision in todo:
        for parent in down[revision]:
            if parent in above:
                above[parent] += 1
    return above


class _LineFinder:
    """Which lines pass through a revision: a bit for each successor, in one integer a revision."""

    def __init__(self, todo: Collection[str], down: Mapping[str, tuple[str, ...]]) -> None:
        self._bit = {revision: 1 << number for number, revision in enumerate(todo)}
        self._successors = dict.fromkeys(todo, 0)
        waiting = _count_successors(todo, down)
        ready = [revision for revision, count in waiting.items() if count == 0]
        while ready:
            revision = ready.pop()
            passed_down = self._successors[revision] | self._bit[revision]
            for parent in down[revision]:
                if parent not in waiting:
                    continue
                self._successors[parent] |= passed_down
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)

    def first_above(self, revision: str, front: list[str]) -> int:
        """Index of the first line in `front` that ends in `revision` further down."""
        successors = self._successors[revision]
        return next(number for number, head in enumerate(front) if successors & self._bit[head])
