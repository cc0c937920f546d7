"""Remembers the file of each revision as it was when an environment got it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from dashboard.models import AppliedFile, Run
from dashboard.revisions.plan import Action
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import State, VersionReading
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import ProjectHistory

RUNS_LOOKED_AT = 20
"""The latest ones of an environment, for the hashes of what they applied."""
_AT_ONCE = 500


def keep_applied_files(
    *, project: Project, environment: Environment, reading: VersionReading, history: ProjectHistory | None = None
) -> None:
    """Adds the revisions that a reading shows for the first time, and closes those that are gone.

    Of what a run applied, the hash is that of the confirmed plan; of the rest, that of the file as it is now. A reading that
    cannot be understood, because the history around its rows is not known, changes nothing. `history` is the
    environment's, where the caller has read it already.
    """
    if reading.reason is not None and reading.reason.state is State.UNREACHABLE:
        return
    history = history or read_environment_history(project, environment)
    if history.reading is None or any(row not in history.graph.records for row in reading.rows):
        return
    has = history.graph.ancestors(reading.rows)
    with transaction.atomic():
        kept = AppliedFile.objects.filter(project=project.name, environment=environment.name, gone_at=None)
        known = set(kept.values_list("revision", flat=True))
        if history.graph.broken.keys().isdisjoint(has):
            # Below a revision whose parent is missing it cannot be told what the environment has.
            _close(kept, [revision for revision in known - has if revision in history.graph.records])
        new = [history.graph.records[revision] for revision in has - known]
        AppliedFile.objects.bulk_create(
            _build(project.name, environment.name, new), batch_size=_AT_ONCE, ignore_conflicts=True
        )


def has_applied_files(project: str, environment: str) -> bool:
    """Whether anything is remembered of the environment; not so where its history could not be read before."""
    return AppliedFile.objects.filter(project=project, environment=environment, gone_at=None).exists()


def read_last_applied(projects: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """By project and environment: when it last got a revision, or was first seen with one. No query for no project."""
    if not projects:
        return {}
    newest = AppliedFile.objects.filter(project__in=projects, gone_at=None).order_by()
    found = newest.values_list("project", "environment").annotate(at=Max("first_seen_at"))
    return {(project, environment): at for project, environment, at in found}


def _close(kept: QuerySet[AppliedFile], gone: list[str]) -> None:
    """Those that the history still has: one whose file is gone may be applied as before."""
    for start in range(0, len(gone), _AT_ONCE):
        kept.filter(revision__in=gone[start : start + _AT_ONCE]).update(gone_at=timezone.now())


def _build(project: str, environment: str, records: Iterable[RevisionRecord]) -> list[AppliedFile]:
    by_run = _applied_by_runs(project, environment)
    return [
        AppliedFile(
            project=project,
            environment=environment,
            revision=record.revision,
            message=record.message,
            path=path,
            sha256=sha256,
            down_revision=list(record.down_revision),
            depends_on=list(record.depends_on),
            how=AppliedFile.How.RUN if run else AppliedFile.How.OBSERVED,
            run=run,
        )
        for record in records
        for run, path, sha256 in [by_run.get(record.revision, (None, record.path, record.sha256))]
    ]


def _applied_by_runs(project: str, environment: str) -> dict[str, tuple[Run, str, str]]:
    """By revision: the latest run that may have applied it, with the path and the hash of its file."""
    runs = Run.objects.filter(project=project, environment=environment).exclude(
        outcome__in=[Run.Outcome.REFUSED, Run.Outcome.ROLLED_BACK, Run.Outcome.UNCHANGED]
    )
    found: dict[str, tuple[Run, str, str]] = {}
    for run in runs.select_related("confirmation__plan").order_by("-pk")[:RUNS_LOOKED_AT]:
        for step in run.confirmation.plan.steps:
            if step.get("action", Action.UPGRADE) == Action.UPGRADE:
                found.setdefault(step["revision"], (run, step["path"], step["sha256"]))
    return found
