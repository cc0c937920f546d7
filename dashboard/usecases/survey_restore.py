"""Looks, in a worker, at what a restore would lose and what it would meet, and keeps both on the plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from dashboard.databases.contents import Contents, contents_from_json
from dashboard.databases.database import Database, DatabaseUnavailable
from dashboard.databases.replacement import RestoreUnavailable, Survey, read_now, survey
from dashboard.databases.scratch import ScratchUnavailable
from dashboard.models import Backup, Plan
from dashboard.sources.configuration import NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.compose_restore import backup_of

SECONDS = 60.0
"""For reading all tables; what takes longer is not compared."""
OBSTACLE, CARRIED, LEFT, ENDED = "obstacle", "carried", "left", "ended"
"""The kinds of what `cautions` of a restore plan tell."""


def survey_restore(plan: Plan) -> None:
    """Once. What could not be read is told on the plan."""
    counts: list[dict[str, Any]] = []
    told: list[tuple[str, str]] = []
    error = ""
    backup = backup_of(plan)
    try:
        project, environment = find_environment(plan.project, plan.environment)
        mask = masker_for(environment).mask
        database = open_database(project, environment)
        told = [(kind, mask(text)) for kind, text in _meet(database, backup)]
        counts, error = _count(database, backup)
        error = mask(error)
    except (UnknownName, NotConfigured) as failure:
        told = [(OBSTACLE, str(failure))]
    Plan.objects.filter(pk=plan.pk, counted_at=None).update(
        row_counts=counts,
        count_error=error,
        counted_at=timezone.now(),
        cautions=[{"kind": kind, "text": text} for kind, text in told],
    )


def obstacles_of(plan: Plan) -> tuple[str, ...]:
    """What a worker found in the way of a restore plan."""
    return tuple(c["text"] for c in plan.cautions if c.get("kind") == OBSTACLE)


def _meet(database: Database, backup: Backup | None) -> Iterator[tuple[str, str]]:
    if backup is None:
        yield OBSTACLE, "The backup is gone."
        return
    try:
        found: Survey = survey(database.target, Path(backup.path))
    except RestoreUnavailable as error:
        yield OBSTACLE, str(error)
        return
    for kind, sentences in (
        (OBSTACLE, found.obstacles),
        (CARRIED, found.carried),
        (LEFT, found.left),
        (ENDED, found.ended),
    ):
        yield from ((kind, sentence) for sentence in sentences)


def _count(database: Database, backup: Backup | None) -> tuple[list[dict[str, Any]], str]:
    """Only tables that differ; and why they could not be compared."""
    if backup is None or backup.contents is None:
        return [], f"It is not known what the backup holds. {backup.contents_error if backup else ''}".strip()
    try:
        now = read_now(database.target, deadline=SECONDS)
    except (DatabaseUnavailable, ScratchUnavailable) as error:
        return [], str(error)
    return list(_compare(contents_from_json(backup.contents), now)), ""


def _compare(then: Contents, now: Contents) -> Iterator[dict[str, Any]]:
    had, have = ({table.name: table for table in contents.tables} for contents in (then, now))
    for name in sorted(had.keys() | have.keys()):
        before, after = had.get(name), have.get(name)
        if before != after:
            yield {
                "name": name,
                "rows": after.rows if after else None,
                "backup_rows": before.rows if before else None,
                "differs": True,
            }
