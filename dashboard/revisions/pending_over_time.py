"""How many revisions were pending on an environment, from its first known reading until now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dashboard.revisions.graph import RevisionGraph


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the number did not change. `pending` is None where it cannot be told."""

    start: datetime
    end: datetime
    pending: int | None


def pending_over_time(
    graph: RevisionGraph, readings: Sequence[tuple[datetime, Sequence[str] | None]], until: datetime
) -> tuple[Stretch, ...]:
    """Stretches without a gap, oldest first.

    `readings`: when the version table was seen to hold other rows than before, oldest first; None where it could not
    be read. A revision counts from its create date, since when it came to this script directory nobody has written
    down; one without a date counts from the beginning.
    """
    if not readings:
        return ()
    found: list[Stretch] = []
    ends = [*(moment for moment, _rows in readings[1:]), until]
    for (start, rows), end in zip(readings, ends, strict=True):
        for stretch in _between(graph, rows, start, end):
            if found and found[-1].pending == stretch.pending:
                found[-1] = Stretch(found[-1].start, stretch.end, stretch.pending)
            else:
                found.append(stretch)
    return tuple(found)


def _between(graph: RevisionGraph, rows: Sequence[str] | None, start: datetime, end: datetime) -> Iterator[Stretch]:
    """While the rows stay the same, only revisions that are written meanwhile add to what is pending."""
    if start >= end:
        return
    if rows is None or any(row not in graph.records for row in rows):
        yield Stretch(start, end, None)
        return
    applied = graph.ancestors(rows)
    missing = [record for name, record in graph.records.items() if name not in applied]
    born = sorted(r.created_at for r in missing if r.created_at is not None and start < r.created_at < end)
    later = sum(r.created_at is not None and r.created_at > start for r in missing)
    for number, (first, second) in enumerate(pairwise((start, *born, end))):
        if first < second:
            yield Stretch(first, second, len(missing) - later + number)
