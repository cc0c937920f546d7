"""Projects that mean to have several heads (expand and contract, for one) name them; any other head is one too many."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.revisions.graph import RevisionGraph


def extra_heads(graph: RevisionGraph, permanent: Sequence[str]) -> tuple[str, ...]:
    """The effective heads that ask for a merge or a choice; empty where the heads are right.

    `permanent`: branch labels, or ids on the branches. Each may have one head. Without any, one head is right.
    """
    if not permanent:
        return graph.effective_heads if len(graph.effective_heads) > 1 else ()
    marked = {graph.labels.get(name, name): name for name in permanent}
    carried = {head: _names_below(graph, head, marked) for head in graph.effective_heads}
    shared = {name for name in permanent if sum(name in names for names in carried.values()) > 1}
    return tuple(head for head, names in carried.items() if not names or names & shared)


def _names_below(graph: RevisionGraph, head: str, marked: dict[str, str]) -> set[str]:
    """As Alembic hands labels on: along down_revision alone."""
    found: set[str] = set()
    seen: set[str] = set()
    todo = [head]
    while todo:
        revision = todo.pop()
        if revision in seen:
            continue
        seen.add(revision)
        if revision in marked:
            found.add(marked[revision])
        todo += graph.parents(revision)
    return found
