"""A plan's SQL as one text, for a DBA to read or to run by hand; and where each finding stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.findings.finding import Finding, SqlPiece
from dashboard.usecases.preview_plan import SqlReading

INCOMPLETE = (
    "-- INCOMPLETE: to be read, not to be run. Without a database Alembic could not write every revision, so that all",
    "-- lines are commented out. What a rehearsal executed of such a revision stands in its place, and says so.",
    "",
)


def write_script(pieces: Sequence[SqlPiece], *, header: Iterable[str] = ()) -> str:
    """Where a revision is missing, nothing in it can be run by mistake: every line is a comment."""
    text = "".join(piece.text for piece in pieces)
    if not is_incomplete(pieces):
        return "".join(f"{line}\n" for line in header) + text
    lines = [f"-- {line}".rstrip() if line else "" for line in text.splitlines()]
    return "\n".join((*header, *INCOMPLETE, *lines)) + "\n"


def is_incomplete(pieces: Iterable[SqlPiece]) -> bool:
    """The SQL of a step is missing."""
    return any(piece.unwritable for piece in pieces)


def list_findings(reading: SqlReading) -> list[dict[str, Any]]:
    """As the documents tell them; `line` is of the script without a header, from 1, `step` the place in the plan."""
    before = lines_before(reading.pieces)
    added = len(INCOMPLETE) if is_incomplete(reading.pieces) else 0
    return [_entry(finding, before[finding.position] + added) for finding in reading.findings]


def lines_before(pieces: Iterable[SqlPiece]) -> dict[int, int]:
    """A step's position -> how many lines of the whole text stand before its own."""
    before: dict[int, int] = {}
    lines = 0
    for piece in pieces:
        if piece.position:
            before[piece.position] = lines
        lines += piece.text.count("\n")
    return before


def _entry(finding: Finding, before: int) -> dict[str, Any]:
    return {
        "revision": finding.revision,
        "step": finding.position,
        "rule": finding.rule,
        "level": finding.level.value,
        "line": before + finding.line,
        "message": finding.message,
    }
