"""The drawing of two histories: what each side has alone, and where that leaves what both have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.touches import RevisionTouches
from dashboard.usecases.compare import ComparedSides
from dashboard.usecases.compare_sides import ComparedSide, SideKind

ROWS_SHOWN = 50
"""Of each side, the latest."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ForkRow:
    """One revision in the lane of a side."""

    revision: str
    message: str
    created: str
    note: str
    """The tables that it touches, or that both sides have it."""
    is_head: bool
    link: str
    """To its page, where the side's files can be shown there."""


@dataclass(frozen=True, slots=True)
class ForkSide:
    """One lane, newest first. `total`: how many the side has alone.

    A side without any, whose head the other one does not go on from, shows that head.
    """

    name: str
    rows: tuple[ForkRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ForkBase:
    """A revision of both sides that what one side has alone goes on from. `side`: who leaves here alone; else empty."""

    record: RevisionRecord
    side: str


@dataclass(frozen=True, slots=True)
class Fork:
    """`bases` stand in the order of execution; empty where what a side has alone begins with bases of its own."""

    left: ForkSide
    right: ForkSide
    bases: tuple[ForkBase, ...]
    branches_off: bool
    """One side has nothing of its own, and the other one does not go on from its head."""


def draw_fork(compared: ComparedSides) -> Fork:
    """Of one side alone, of both, or of neither."""
    left, right, found = compared.left, compared.right, compared.comparison
    both = left.history.held & right.history.held
    from_left, from_right = _leave(found.only_left, both), _leave(found.only_right, both)
    left_stays = _stays_beside(left, found.only_left, found.only_right, from_right)
    right_stays = _stays_beside(right, found.only_right, found.only_left, from_left)
    latest = {record.revision for record in found.common}

    def base(record: RevisionRecord) -> ForkBase:
        if record.revision in latest and not (left_stays or right_stays):
            return ForkBase(record, "")
        names = (name_of_side(side) for side, ids in ((left, from_left), (right, from_right)) if record.revision in ids)
        return ForkBase(record, " and ".join(names))

    return Fork(
        _draw_side(left, found.only_left, compared.tables.left, left_stays),
        _draw_side(right, found.only_right, compared.tables.right, right_stays),
        tuple(base(record) for record in left.history.graph.execution_order(from_left | from_right)),
        bool(left_stays or right_stays),
    )


def name_of_side(side: ComparedSide) -> str:
    """As its lane and its row of predicted heads are headed."""
    if side.kind is SideKind.HEADS:
        return "the work tree"
    return side.name[:12] if _COMMIT.fullmatch(side.name) else side.name


def link_to_files(side: ComparedSide) -> str:
    """What an address of a revision's page ends with, so that it shows the side's file."""
    return "?" if side.is_work_tree else f"?{urlencode({'ref': side.commit})}"


def _leave(own: Sequence[RevisionRecord], both: frozenset[str]) -> frozenset[str]:
    """What both sides have and a side's own revisions directly follow."""
    return frozenset(parent for record in own for parent in record.down_revision if parent in both)


def _stays_beside(
    side: ComparedSide, own: Sequence[RevisionRecord], others: Sequence[RevisionRecord], left_at: frozenset[str]
) -> tuple[RevisionRecord, ...]:
    """The heads of a side that has nothing of its own, where the other side's revisions go on from elsewhere."""
    heads = frozenset(side.history.heads)
    if own or not others or (left_at and left_at <= heads):
        return ()
    known = frozenset(side.history.graph.records)
    return side.history.graph.execution_order((heads - left_at) & known)


def _draw_side(
    side: ComparedSide,
    own: Sequence[RevisionRecord],
    touches: Sequence[RevisionTouches],
    stays: Sequence[RevisionRecord],
) -> ForkSide:
    notes = {found.revision: ", ".join(dict.fromkeys(touch.table for touch in found.touches)) for found in touches}
    heads = frozenset(side.history.heads)
    link = link_to_files(side)

    def row(record: RevisionRecord, note: str) -> ForkRow:
        created = record.created_at.strftime("%-d %b %Y") if record.created_at else ""
        return ForkRow(record.revision, record.message, created, note, record.revision in heads, link)

    rows = [row(record, f"touches {tables}" if (tables := notes.get(record.revision)) else "") for record in own]
    rows += [row(record, "both sides have it") for record in stays]
    return ForkSide(name_of_side(side), tuple(reversed(rows[-ROWS_SHOWN:])), len(own))
