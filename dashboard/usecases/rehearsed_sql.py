"""The SQL that a rehearsal really executed, in the place of what Alembic cannot write without a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from django.db.models import QuerySet

from dashboard.findings.finding import SqlPiece
from dashboard.models import RehearsedRevision
from dashboard.revisions.plan import PlanContent

FROM_THE_REHEARSAL = "FROM THE REHEARSAL"
_MOST_LOOKED_AT = 20
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s\b")


def executed_in(plan: PlanContent) -> dict[int, str]:
    """Position -> what the step executed, as SQL under a comment that says so: in the newest rehearsal of that very plan in
    which it came to its end.
    """
    found = RehearsedRevision.objects.filter(rehearsal__fingerprint=plan.fingerprint, seconds__isnull=False)
    newest: dict[int, RehearsedRevision] = {}
    for revision in found.select_related("rehearsal").order_by("rehearsal_id"):
        newest[revision.position] = revision
    return {position: _write(revision) for position, revision in newest.items()}


def executed_of(project: str, revision: str, action: str, sha256: str, *, dialect: str) -> str:
    """The same of one revision, in whatever plan of the project its file was as `sha256` tells; empty: never rehearsed."""
    found: QuerySet[RehearsedRevision] = RehearsedRevision.objects.filter(
        rehearsal__plan__project=project,
        rehearsal__plan__preview__dialect=dialect,
        revision=revision,
        action=action,
        seconds__isnull=False,
    )
    for rehearsed in found.select_related("rehearsal__plan").order_by("-rehearsal_id")[:_MOST_LOOKED_AT]:
        if rehearsed.rehearsal.plan.steps[rehearsed.position - 1]["sha256"] == sha256:
            return _write(rehearsed)
    return ""


def put_in_place(pieces: Iterable[SqlPiece], executed: Mapping[int, str]) -> tuple[SqlPiece, ...]:
    """Pieces that could not be written get what was executed, below the comment that says why they could not be."""
    return tuple(
        put_one_in_place(piece, executed[piece.position])
        if piece.unwritable and not piece.rehearsed and piece.position in executed
        else piece
        for piece in pieces
    )


def put_one_in_place(piece: SqlPiece, executed: str) -> SqlPiece:
    """The same for one."""
    first, _, rest = piece.text.partition("\n\n")
    return replace(piece, text=f"{first.rstrip()}\n\n{executed}\n{rest}", rehearsed=True)


def without_placeholders(pieces: Sequence[SqlPiece]) -> tuple[SqlPiece, ...]:
    """To look for findings in: parameters are not kept, and their placeholders are no SQL. Line for line the same."""
    return tuple(
        replace(piece, text=_PLACEHOLDER.sub("NULL", piece.text)) if piece.rehearsed else piece for piece in pieces
    )


def _write(revision: RehearsedRevision) -> str:
    backup = revision.rehearsal.backup_id
    lines = [
        f"-- {FROM_THE_REHEARSAL}: what it executed on a copy restored from backup {backup}, in its order. Parameters are",
        "-- not kept, and on other data it may execute something else.",
    ]
    for statement in revision.statements:
        lines.append(f"{statement['sql'].rstrip().rstrip(';')};")
        if statement["times"] > 1:
            lines.append(f"-- {statement['times']:,} times")
    if not revision.statements:
        lines.append("-- It executed no SQL.")
    if revision.statements_dropped:
        lines.append(f"-- and {revision.statements_dropped:,} more statements, which were not kept")
    return "\n".join(lines) + "\n"
