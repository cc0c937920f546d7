"""Which tables revisions touch, and whether it matters which of two comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class TouchKind(StrEnum):
    """What an operation does to a table."""

    CREATE = "create"
    DROP = "drop"
    RENAME = "rename"
    ADD = "add"
    ALTER = "alter"
    REMOVE = "remove"
    INDEX = "index"
    CONSTRAINT = "constraint"
    DATA = "data"
    """Rows are written."""
    READ = "read"


@dataclass(frozen=True, slots=True)
class Touch:
    """One operation. `table` has its schema before it where one is named; no `columns`: the whole, or not known."""

    table: str
    kind: TouchKind
    columns: frozenset[str]
    words: str
    """`adds column x`."""
    line: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """A call or statement of which it is not known what it touches."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class RevisionTouches:
    """What one revision's upgrade() does, as far as its text tells."""

    revision: str
    touches: tuple[Touch, ...]
    unclear: tuple[Unclear, ...] = ()


class Judgement(StrEnum):
    """Of two sides that touch the same table, worst first."""

    CLASH = "clash"
    """Whichever comes second fails."""
    ORDER_MATTERS = "order_matters"
    INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class SharedTable:
    """A table that both sides touch."""

    table: str
    left: tuple[tuple[str, Touch], ...]
    """(revision, what it does), in the order of execution."""
    right: tuple[tuple[str, Touch], ...]
    judgement: Judgement
    why: str


_WHOLE = frozenset({TouchKind.CREATE, TouchKind.DROP, TouchKind.RENAME})
_BY_COLUMN = frozenset({TouchKind.ADD, TouchKind.ALTER, TouchKind.REMOVE})


def shared_tables(left: Sequence[RevisionTouches], right: Sequence[RevisionTouches]) -> tuple[SharedTable, ...]:
    """Tables that both sides touch, by judgement and name."""
    mine, theirs = _by_table(left), _by_table(right)
    found = []
    for table in mine.keys() & theirs.keys():
        pairs = [(a, b) for _, a in mine[table] for _, b in theirs[table]]
        if all(a.kind is b.kind is TouchKind.READ for a, b in pairs):
            continue
        judgement, why = min((judge(a, b) for a, b in pairs), key=lambda judged: list(Judgement).index(judged[0]))
        found.append(SharedTable(table, tuple(mine[table]), tuple(theirs[table]), judgement, why))
    return tuple(sorted(found, key=lambda shared: (list(Judgement).index(shared.judgement), shared.table)))


def judge(one: Touch, other: Touch) -> tuple[Judgement, str]:
    """Whether two operations on the same table get in each other's way."""
    kinds = {one.kind, other.kind}
    both = one.columns & other.columns
    named = ", ".join(sorted(both))
    if one.kind is other.kind and one.kind in {TouchKind.CREATE, TouchKind.DROP, TouchKind.RENAME}:
        return Judgement.CLASH, f"Both sides {one.kind} it."
    if TouchKind.DROP in kinds or kinds == {TouchKind.CREATE, TouchKind.RENAME}:
        return Judgement.CLASH, "One side takes away what the other one works on."
    if kinds & _WHOLE:
        return Judgement.ORDER_MATTERS, "One side creates or renames it while the other works on it."
    if one.kind is other.kind and both and one.kind in {TouchKind.ADD, TouchKind.REMOVE}:
        return Judgement.CLASH, f"Both sides {one.kind} {named}."
    if TouchKind.DATA in kinds and kinds != {TouchKind.DATA, TouchKind.READ}:
        if kinds == {TouchKind.DATA}:
            return Judgement.ORDER_MATTERS, "Both sides write rows of it."
        return Judgement.ORDER_MATTERS, "One side writes rows while the other changes the table."
    if kinds == {TouchKind.DATA, TouchKind.READ}:
        return Judgement.ORDER_MATTERS, "One side reads rows that the other one writes."
    if both and kinds != {TouchKind.READ}:
        return Judgement.ORDER_MATTERS, f"Both sides work on {named}."
    if kinds & {TouchKind.ALTER, TouchKind.REMOVE} and not (one.columns and other.columns):
        return Judgement.ORDER_MATTERS, "It is not known whether the columns differ."
    if kinds <= _BY_COLUMN and one.columns and other.columns:
        return Judgement.INDEPENDENT, "Different columns."
    return Judgement.INDEPENDENT, "Neither needs the other one's change."


def _by_table(revisions: Iterable[RevisionTouches]) -> dict[str, list[tuple[str, Touch]]]:
    found: dict[str, list[tuple[str, Touch]]] = {}
    for revision in revisions:
        for touch in revision.touches:
            entry = (revision.revision, touch)
            if entry not in found.setdefault(touch.table, []):
                found[touch.table].append(entry)
    return found
