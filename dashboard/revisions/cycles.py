"""Groups of revisions that come before themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence


def cycles(edges: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The groups of ids that can reach themselves, each in the order of `edges`. Linear, no recursion."""
    tangled = _left_after_peeling(edges)
    if not tangled:
        return []
    order = {revision: number for number, revision in enumerate(edges)}
    return [
        tuple(sorted(group, key=order.__getitem__))
        for group in _strong_components({revision: edges[revision] for revision in tangled})
        if len(group) > 1 or group[0] in edges[group[0]]
    ]


def _left_after_peeling(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """What remains when ids without remaining parents are taken away again and again."""
    waiting: dict[str, int] = {}
    children: defaultdict[str, list[str]] = defaultdict(list)
    ready = []
    for revision, down in edges.items():
        if not down:
            ready.append(revision)
            continue
        before = down if len(down) == 1 else set(down)
        waiting[revision] = len(before)
        for parent in before:
            children[parent].append(revision)
    while ready:
        for child in children.get(ready.pop(), ()):
            left = waiting[child] - 1
            if left:
                waiting[child] = left
            else:
                del waiting[child]
                ready.append(child)
    return list(waiting)


def _strong_components(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Tarjan's algorithm with its own stack, since a history may be deeper than Python's."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        work = [(root, iter(edges[root]))] if root not in index else []
        while work:
            node, down = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            step = next((n for n in down if n in edges and (n not in index or n in on_stack)), None)
            if step is not None and step not in index:
                work.append((step, iter(edges[step])))
                continue
            if step is not None:
                low[node] = min(low[node], index[step])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                cut = stack.index(node)
                found.append(stack[cut:])
                on_stack.difference_update(stack[cut:])
                del stack[cut:]
    return found
