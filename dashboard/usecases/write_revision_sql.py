"""The SQL of one revision's file, up and down, written by a worker when somebody asks; kept by the file's hash."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.database_target import Dialect
from dashboard.findings.finding import Finding, SqlPiece
from dashboard.gate.finding_policy import Level
from dashboard.models import RevisionSql
from dashboard.revisions.records import RevisionRecord
from dashboard.sources.configuration import Environment, NotConfigured, Project, UnknownName
from dashboard.usecases.catalogue import configuration, find_environment, masker_for, resolve
from dashboard.usecases.child_work import PREVIEW_SECONDS, ChildFailed, ask_child, mask_pieces
from dashboard.usecases.preview_plan import SqlReading, look_through, to_be_kept
from dashboard.usecases.read_history import read_history
from dashboard.usecases.rehearsed_sql import executed_of, put_in_place

logger = logging.getLogger(__name__)
WAYS = ("upgrade", "downgrade")
LOST_AFTER = timedelta(seconds=3 * PREVIEW_SECONDS)
"""What has not come by then will not: its worker died. It may be asked for again."""


class RevisionSqlRefused(Exception):
    """Nothing will be written; the message says why and what to do."""


@dataclass(frozen=True)
class DialectSql:
    """What there is for one dialect. `ways` is empty until a worker has written it, and where it could not."""

    dialect: Dialect
    kept: RevisionSql | None
    ways: dict[str, SqlReading]

    @property
    def is_awaited(self) -> bool:
        """Asked for, and not written yet."""
        return self.kept is not None and _is_awaited(self.kept)


def request_revision_sql(
    *,
    user: AbstractBaseUser | AnonymousUser,
    project: Project,
    record: RevisionRecord | None,
    sha256: str,
    dialect: str,
) -> RevisionSql:
    """Queues it, and returns at once. Raises PermissionDenied, RevisionSqlRefused.

    `record`: as the history of the work tree has it now; `sha256`: of the file that the person was shown.
    """
    from dashboard.tasks import revision_sql

    person = access.require(user, access.PLAN)
    if record is None:
        raise RevisionSqlRefused("The work tree has no such revision.")
    if record.sha256 != sha256:
        raise RevisionSqlRefused(f"{record.path} has changed since it was shown. Read it again.")
    environment = environments_by_dialect(project).get(Dialect(dialect)) if dialect in set(Dialect) else None
    if environment is None:
        raise RevisionSqlRefused(f"No environment of {project.name} is a database of that kind.")
    with transaction.atomic():
        kept, is_new = RevisionSql.objects.select_for_update().get_or_create(
            project=project.name,
            revision=record.revision,
            sha256=sha256,
            dialect=dialect,
            defaults={"environment": environment.name, "asked_by": person},
        )
        if not is_new and _is_awaited(kept):
            return kept
        kept.environment, kept.asked_by, kept.asked_at, kept.made_at = environment.name, person, timezone.now(), None
        kept.save()
        revision_sql.enqueue(kept.pk)
    return kept


def write_revision_sql(*, number: int) -> None:
    """In a worker. Never raises for what a project does: the row says why nothing is known."""
    kept = RevisionSql.objects.filter(pk=number, made_at=None).first()
    if kept is None:
        return
    kept.ways, kept.error = {}, ""
    try:
        kept.ways = {way: sql_to_json(reading) for way, reading in _write(kept).items()}
    except (UnknownName, NotConfigured, ChildFailed) as error:
        kept.error = str(error.args[0])
    except Exception as error:
        logger.exception("The SQL of revision %s could not be written", kept.revision)
        kept.error = f"{type(error).__name__} in the dashboard's worker; its log has the details."
    kept.made_at = timezone.now()
    kept.save()


def read_revision_sql(project: Project, record: RevisionRecord) -> tuple[DialectSql, ...]:
    """For each dialect of the project's environments. Starts nothing."""
    rows = RevisionSql.objects.filter(project=project.name, revision=record.revision, sha256=record.sha256)
    found = {row.dialect: row for row in rows.select_related("asked_by")}
    return tuple(_read(dialect, found.get(dialect.value)) for dialect in environments_by_dialect(project))


def environments_by_dialect(project: Project) -> dict[Dialect, Environment]:
    """The first environment of each, in the file's order, whose variables the child is given."""
    found: dict[Dialect, Environment] = {}
    for environment in project.environments.values():
        try:
            found.setdefault(resolve(environment).target.dialect, environment)
        except NotConfigured:
            continue
    return found


def _is_awaited(kept: RevisionSql) -> bool:
    return kept.made_at is None and timezone.now() - kept.asked_at < LOST_AFTER


def _write(kept: RevisionSql) -> dict[str, SqlReading]:
    project, environment = find_environment(kept.project, kept.environment)
    history = read_history(configuration().project(kept.project))
    record = history.graph.records.get(kept.revision)
    if history.reading is None or record is None or record.sha256 != kept.sha256:
        raise ChildFailed(history.error or "The file has changed since this was asked for. Reload the page.")
    below = history.graph.ancestors([record.revision]) - {record.revision}
    content = {
        "action": "revision_sql",
        "revision": record.revision,
        "rows": [latest.revision for latest in history.graph.latest(below)],
        "files": dict(history.reading.files),
    }
    answer = ask_child(project, environment, content, wanted="revision_sql", seconds=PREVIEW_SECONDS)
    return {way: _look_through(kept, project, environment, way, answer["ways"][way]) for way in WAYS}


def _look_through(
    kept: RevisionSql, project: Project, environment: Environment, way: str, told: list[dict[str, Any]]
) -> SqlReading:
    pieces = to_be_kept(mask_pieces(told, masker_for(environment).mask))
    if any(piece.unwritable for piece in pieces):
        executed = executed_of(kept.project, kept.revision, way, kept.sha256, dialect=kept.dialect)
        pieces = put_in_place(pieces, {1: executed} if executed else {})
    return look_through(project, environment, pieces)


def sql_to_json(reading: SqlReading) -> dict[str, Any]:
    """For storage; `sql_from_json` is the way back."""
    return {
        "pieces": [asdict(piece) for piece in reading.pieces],
        "findings": [asdict(finding) for finding in reading.findings],
    }


def _read(dialect: Dialect, kept: RevisionSql | None) -> DialectSql:
    ways = kept.ways if kept is not None and kept.made_at is not None else {}
    return DialectSql(dialect, kept, {way: sql_from_json(dialect, told) for way, told in ways.items()})


def sql_from_json(dialect: Dialect, told: dict[str, Any]) -> SqlReading:
    """What `sql_to_json` made."""
    pieces = tuple(SqlPiece(**piece) for piece in told["pieces"])
    findings = tuple(Finding(**{**finding, "level": Level(finding["level"])}) for finding in told["findings"])
    return SqlReading(dialect, pieces, findings)
