"""What a history consists of, in a sentence."""

from __future__ import annotations

from dashboard.revisions.graph import RevisionGraph


def say_counts(graph: RevisionGraph) -> str:
    """`21 revisions, 5 heads, 1 base, 1 branch point`; only what there is."""
    counted = (
        (len(graph.records), "revision"),
        (len(graph.heads), "head"),
        (len(graph.bases), "base"),
        (len(graph.branch_points), "branch point"),
        (len(graph.merge_points), "merge point"),
    )
    said = [f"{number:,} {name}{'' if number == 1 else 's'}" for number, name in counted if number]
    return ", ".join(said) or "No revision yet"
