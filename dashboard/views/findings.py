"""The first gate of a plan as the page shows it: each step with its findings, and the SQL with its flagged lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pygments.lexers import PostgresLexer, SqlLexer

from dashboard.database_target import Dialect
from dashboard.gate.finding_policy import Level
from dashboard.models import Acceptance, Finding, Plan, PlanPreview
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import Environment
from dashboard.usecases.accept_finding import acceptances_of, must_be_accepted
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.preview_plan import SqlReading, stored_sql
from dashboard.usecases.rehearsed_sql import FROM_THE_REHEARSAL
from dashboard.usecases.review_revision import list_unreviewed
from dashboard.usecases.sql_script import is_incomplete, lines_before
from dashboard.views.highlighting import highlight_lines

SHOWN_LINES = 2_000
OPENED_LINES = 80
"""A longer preview is folded at first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a level looks. `mark`: of _glyphs.html; `kind`: its colour."""

    word: str
    mark: str
    kind: str


MARKS = {
    Level.ERROR: Mark("fails", "state-failed", "error"),
    Level.DESTRUCTIVE: Mark("takes data", "mark-data", "error"),
    Level.NOT_UNDERSTOOD: Mark("not understood", "state-unknown", "unknown"),
    Level.LOCKING: Mark("locks", "mark-lock", "lock"),
    Level.BREAKING: Mark("breaks code", "state-pending", "warning"),
    Level.NOTE: Mark("note", "mark-note", "note"),
}
REHEARSED = Mark("from the rehearsal", "mark-note", "rehearsed")


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, how it looks, and whose word there is for it."""

    finding: Finding
    mark: Mark
    acceptance: Acceptance | None
    must_be_accepted: bool
    line: int
    """In the whole preview, from 1."""

    @property
    def is_open(self) -> bool:
        """It keeps the gate closed."""
        return self.must_be_accepted and self.acceptance is None


@dataclass(frozen=True, slots=True)
class SqlLine:
    """One line of the preview."""

    html: str
    flags: tuple[Mark, ...]

    @property
    def kind(self) -> str:
        """Of its first flag, the worst."""
        return self.flags[0].kind if self.flags else ""


def changes_context(plan: Plan, environment: Environment) -> dict[str, Any]:
    """What _gate_changes.html shows beside the plan itself."""
    preview = PlanPreview.objects.filter(plan=plan).first()
    reading = stored_sql(plan) if preview else None
    views = _finding_views(plan, preview, reading, environment)
    lines = sql_lines(reading, [(view.line, view.mark) for view in views]) if reading else ()
    unwritten = [piece for piece in reading.pieces if piece.unwritable] if reading else []
    return {
        "is_looking": preview is None and Direction(plan.direction).runs_revisions,
        "sql_error": preview.error if preview else "",
        "sql_made_at": preview.made_at if preview else None,
        "unreviewed": list_unreviewed(plan.project, content_of(plan).steps) if environment.requires_review else (),
        "steps": [(step, [v for v in views if v.finding.position == n]) for n, step in enumerate(plan.steps, start=1)],
        "findings": views,
        "open_findings": [view for view in views if view.is_open],
        "sql_lines": lines,
        "sql_total": count_lines(reading) if reading else 0,
        "sql_is_cut": len(lines) >= SHOWN_LINES,
        "sql_is_opened": len(lines) <= OPENED_LINES,
        "sql_is_incomplete": reading is not None and is_incomplete(reading.pieces),
        "sql_rehearsed": [piece.revision for piece in unwritten if piece.rehearsed],
        "sql_missing": [piece.revision for piece in unwritten if not piece.rehearsed],
    }


def _finding_views(
    plan: Plan, preview: PlanPreview | None, reading: SqlReading | None, environment: Environment
) -> tuple[FindingView, ...]:
    if preview is None:
        return ()
    findings = list(preview.findings.all())
    accepted = acceptances_of(plan, findings)
    before = lines_before(reading.pieces) if reading else {}
    return tuple(
        FindingView(
            finding=finding,
            mark=MARKS[Level(finding.level)],
            acceptance=accepted.get(finding.pk),
            must_be_accepted=must_be_accepted(finding, environment),
            line=before.get(finding.position, 0) + finding.line,
        )
        for finding in findings
    )


def count_lines(reading: SqlReading) -> int:
    """Of the whole text, without blank ones at its end."""
    return "".join(piece.text for piece in reading.pieces).rstrip("\n").count("\n") + 1


def sql_lines(reading: SqlReading, found: Iterable[tuple[int, Mark]]) -> tuple[SqlLine, ...]:
    """The first SHOWN_LINES of the whole text. `found`: (line, mark) of its findings."""
    text = "".join(piece.text for piece in reading.pieces)
    shown = "\n".join(text.rstrip("\n").split("\n")[:SHOWN_LINES])
    lexer = PostgresLexer if reading.dialect is Dialect.POSTGRESQL else SqlLexer
    order = [*MARKS.values(), REHEARSED]
    flags: dict[int, list[Mark]] = {}
    for line, mark in (*found, *((line, REHEARSED) for line in _rehearsed_lines(reading))):
        if mark not in flags.setdefault(line, []):
            flags[line].append(mark)
    return tuple(
        SqlLine(html, tuple(sorted(flags.get(number, ()), key=order.index)))
        for number, html in enumerate(highlight_lines(shown, lexer), start=1)
    )


def _rehearsed_lines(reading: SqlReading) -> Iterator[int]:
    """Where what a rehearsal executed begins, from 1."""
    before = lines_before(reading.pieces)
    for piece in reading.pieces:
        if piece.rehearsed:
            lines = piece.text.split("\n")
            begin = f"-- {FROM_THE_REHEARSAL}"
            yield before[piece.position] + next(n for n, line in enumerate(lines, start=1) if line.startswith(begin))
