"""Writes, in a worker, the SQL of exactly a plan and keeps it with its findings; no page ever waits for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from django.db import IntegrityError, transaction

from dashboard.database_target import Dialect
from dashboard.findings.find import find
from dashboard.findings.finding import Finding as FoundFinding
from dashboard.findings.finding import FindingsUnavailable, SqlPiece
from dashboard.gate.finding_policy import Level
from dashboard.models import Finding, Plan, PlanPreview
from dashboard.revisions.plan import Direction, PlanContent
from dashboard.sources.configuration import Environment, NotConfigured, Project, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, resolve
from dashboard.usecases.child_work import ChildFailed, preview_sql
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.find_in_files import find_in_files
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_status import latest_observation
from dashboard.usecases.rehearsed_sql import executed_in, put_in_place, without_placeholders

logger = logging.getLogger(__name__)
LARGEST_KEPT = 10_000_000
"""Characters of SQL; more is rows to insert, which nobody reads."""
NOT_WRITTEN = "NOT WRITTEN"
_OFFLINE_HINT = "It asks the database for something, and Alembic's offline mode has none."


@dataclass(frozen=True)
class SqlReading:
    """The SQL of a plan and what was found in it."""

    dialect: Dialect
    pieces: tuple[SqlPiece, ...]
    findings: tuple[FoundFinding, ...]


def preview_plan(*, plan_id: int) -> None:
    """Once for each plan. Never raises for what a project does: its row says why nothing is known."""
    plan = Plan.objects.filter(pk=plan_id, preview=None).first()
    if plan is None or plan.direction == Direction.RESTORE:
        return
    preview = PlanPreview(plan=plan)
    found: tuple[FoundFinding, ...] = ()
    try:
        project, environment = find_environment(plan.project, plan.environment)
        reading = read_sql(project=project, environment=environment, plan=content_of(plan))
        preview.dialect, preview.pieces = reading.dialect, [asdict(piece) for piece in reading.pieces]
        found = reading.findings
    except (UnknownName, NotConfigured, ChildFailed) as error:
        preview.error = str(error.args[0])
    except Exception as error:
        logger.exception("The SQL of plan %s could not be written", plan.pk)
        preview.error = f"{type(error).__name__} in the dashboard's worker; its log has the details."
    if preview.error:
        found = _without_sql(content_of(plan))
    _store(plan, preview, found)


def _without_sql(plan: PlanContent) -> tuple[FoundFinding, ...]:
    """What the files alone tell."""
    try:
        code = read_environment_history(*find_environment(plan.project, plan.environment))
    except UnknownName:
        return ()
    return find_in_files(code.project, plan.steps, range(1, len(plan.steps) + 1))


def read_sql(*, project: Project, environment: Environment, plan: PlanContent) -> SqlReading:
    """In a child, with the code that the environment runs. Raises ChildFailed, NotConfigured."""
    code = read_environment_history(project, environment)
    pieces = preview_sql(project=code.project, environment=environment, plan=plan)
    pieces = to_be_kept(pieces)
    if not plan.direction.runs_revisions:
        return SqlReading(resolve(environment).target.dialect, pieces, ())
    return _look_through_plan(project, environment, put_in_place(pieces, executed_in(plan)), plan, code.project)


def _look_through_plan(
    project: Project, environment: Environment, pieces: tuple[SqlPiece, ...], plan: PlanContent, code: Project
) -> SqlReading:
    """Where a step's SQL is not Alembic's own, its file is read, too: a batch that drops a column looks like a copy."""
    reading = look_through(project, environment, pieces)
    unwritten = [piece.position for piece in pieces if piece.unwritable]
    more = find_in_files(code, plan.steps, unwritten, reading.findings)
    return replace(reading, findings=tuple(sorted((*reading.findings, *more), key=lambda f: (f.position, f.line))))


def look_through(project: Project, environment: Environment, pieces: tuple[SqlPiece, ...]) -> SqlReading:
    """With what is found in it. Raises ChildFailed, NotConfigured."""
    dialect = resolve(environment).target.dialect
    observation = latest_observation(project.name, environment.name)
    server = observation.server if observation else ""
    looked_at = without_placeholders(pieces)
    try:
        found = find(looked_at, dialect=dialect, version_table=project.version_table, server=server)
    except FindingsUnavailable as error:
        raise ChildFailed(masker_for(environment).mask(str(error))) from None
    return SqlReading(dialect, pieces, found)


def stored_sql(plan: Plan) -> SqlReading | None:
    """What the worker kept; None where it has not looked yet, or could not."""
    preview = PlanPreview.objects.filter(plan=plan, error="").first()
    return _reading_of(preview) if preview else None


def complete_previews(*, fingerprint: str) -> None:
    """After a rehearsal: what could not be written of the plans with that fingerprint is what was executed, from now on.

    Its findings may close their gate. Never raises for what a project does.
    """
    for preview in PlanPreview.objects.filter(plan__fingerprint=fingerprint, error="").select_related("plan"):
        try:
            _complete(preview)
        except (UnknownName, NotConfigured, ChildFailed) as error:
            logger.warning("The SQL of plan %s stays incomplete: %s", preview.plan_id, error)


def _complete(preview: PlanPreview) -> None:
    known = _reading_of(preview)
    pieces = put_in_place(known.pieces, executed_in(content_of(preview.plan)))
    added = {new.position for old, new in zip(known.pieces, pieces, strict=True) if new is not old}
    if not added:
        return
    project, environment = find_environment(preview.plan.project, preview.plan.environment)
    code = read_environment_history(project, environment).project
    reading = _look_through_plan(project, environment, pieces, content_of(preview.plan), code)
    with transaction.atomic():
        # Two rehearsals may end at once; whoever is second finds it done.
        kept = PlanPreview.objects.select_for_update().get(pk=preview.pk)
        if kept.pieces == preview.pieces:
            kept.pieces = [asdict(piece) for piece in pieces]
            kept.save()
            kept.findings.filter(position__in=added).delete()
            _store_findings(kept, tuple(f for f in reading.findings if f.position in added))


def _reading_of(preview: PlanPreview) -> SqlReading:
    found = (
        FoundFinding(f.position, f.revision, f.rule, Level(f.level), f.line, "", f.message)
        for f in preview.findings.all()
    )
    pieces = tuple(SqlPiece(**piece) for piece in preview.pieces)
    return SqlReading(Dialect(preview.dialect), pieces, tuple(found))


def to_be_kept(pieces: Iterable[SqlPiece]) -> tuple[SqlPiece, ...]:
    """As a child wrote them, with why some could not be written. Raises ChildFailed where they are too long to be kept."""
    told = tuple(_tell_unwritten(piece) for piece in pieces)
    if sum(len(piece.text) for piece in told) > LARGEST_KEPT:
        raise ChildFailed(f"The SQL has more than {LARGEST_KEPT:,} characters, which are not kept.")
    return told


def _tell_unwritten(piece: SqlPiece) -> SqlPiece:
    """The reason stands in the text, too, below Alembic's own comment that names the step."""
    if not piece.unwritable:
        return piece
    reason = piece.unwritable
    if "'NoneType' object" in reason:  # what Python says where a revision uses a connection that is not there
        reason = f"{_OFFLINE_HINT} ({reason})"
    first, _, rest = piece.text.partition("\n\n")
    comment = "\n".join(f"-- {line}" for line in f"{NOT_WRITTEN}: {reason}".splitlines())
    return SqlPiece(piece.position, piece.revision, f"{first}\n{comment}\n\n{rest}", reason)


def _store(plan: Plan, preview: PlanPreview, found: tuple[FoundFinding, ...]) -> None:
    try:
        with transaction.atomic():
            preview.save()
            _store_findings(preview, found)
    except IntegrityError:
        logger.info("Plan %s has its SQL already", plan.pk)


def _store_findings(preview: PlanPreview, found: tuple[FoundFinding, ...]) -> None:
    steps = content_of(preview.plan).steps
    Finding.objects.bulk_create(
        Finding(
            preview=preview, position=f.position, revision=f.revision, rule=f.rule, level=f.level,
            action=steps[f.position - 1].action, file_sha256=steps[f.position - 1].sha256,
            line=f.line, statement_sha256=f.statement_sha256, message=f.message,
        )
        for f in found
    )  # fmt: skip
