"""Histories for tests: drawn in a line of text, read from tests/graphs, or made up by hypothesis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord

GRAPHS = Path(__file__).resolve().parent.parent / "graphs"


def graph(*lines: str) -> RevisionGraph:
    """Each line: `id`, then `<- down revisions`, `needs dependencies`, `is labels`, each where there are some."""
    return RevisionGraph([record(line) for line in lines])


def record(line: str) -> RevisionRecord:
    """`m <- a b needs x is label`."""
    parts: dict[str, list[str]] = {"<-": [], "needs": [], "is": []}
    revision, *words = line.split()
    at = "<-"
    for word in words:
        if word in parts:
            at = word
        else:
            parts[at].append(word)
    return RevisionRecord(
        revision,
        down_revision=tuple(parts["<-"]),
        depends_on=tuple(parts["needs"]),
        branch_labels=tuple(parts["is"]),
        path=f"versions/{revision}.py",
        lines=(("revision", 3), ("down_revision", 4), ("branch_labels", 5), ("depends_on", 6)),
    )


def ids(records: tuple[RevisionRecord, ...]) -> list[str]:
    """Of records, in their order."""
    return [record.revision for record in records]


def real_graph(name: str) -> tuple[list[RevisionRecord], dict[str, Any]]:
    """The records of a real project and all that Alembic says of them."""
    told = json.loads((GRAPHS / name).read_text())
    return [
        RevisionRecord(row[0], _names(row[1]), _names(row[2]), _names(row[3]), path=f"{row[0]}.py")
        for row in told["revisions"]
    ], told


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 14, redundant: bool = False) -> list[RevisionRecord]:
    """Sound histories with branches, merges, several bases, dependencies and labels, in any order of files.

    A revision has one dependency at most: with more, Alembic's own order changes from process to process. With
    `redundant`, a dependency may build on a down revision of the same file: Alembic orders such a history well, but
    its HeadMaintainer ends in a KeyError when such a revision is applied.
    """
    size = draw(st.integers(1, most))
    records: list[RevisionRecord] = []
    above: list[set[str]] = []
    for number in range(size):
        revision = f"r{number:03}x"
        earlier = [record.revision for record in records]
        down = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
        down = [parent for parent in down if not any(parent in above[earlier.index(o)] for o in down if o != parent)]
        contained = set(down).union(*(above[earlier.index(parent)] for parent in down))
        others = [
            other
            for number, other in enumerate(earlier)
            if other not in contained and (redundant or above[number].isdisjoint(down))
        ]
        wanted = draw(st.lists(st.sampled_from(others), max_size=1)) if others else []
        for target in wanted:
            contained |= {target} | above[earlier.index(target)]
        labels = (f"label{number}",) if draw(st.integers(0, 5)) == 0 else ()
        records.append(RevisionRecord(revision, tuple(down), tuple(wanted), labels))
        above.append(contained)
    return draw(st.permutations(records))
