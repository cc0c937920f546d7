"""Reads version tables, concurrently and under one deadline, and keeps what was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from dashboard.databases import observe_many
from dashboard.databases.database import Database
from dashboard.models import Observation
from dashboard.revisions.status import Reason, State, VersionReading
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import configuration, masker_for, open_database
from dashboard.usecases.keep_applied_files import has_applied_files, keep_applied_files
from dashboard.usecases.keep_ledger import adopt_former_names
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.read_status import latest_observation

CONCURRENCY = 32
KEPT_WHOLE = timedelta(hours=24)
KEPT_HOURLY = timedelta(days=14)


def observe_environments(*, project: str | None = None, environment: str | None = None) -> list[Observation]:
    """Reads them now and stores what came. Blocks for at most the read timeout and a second. Raises UnknownName."""
    adopt_former_names(configuration())
    chosen = _choose(project, environment)
    readings = read_environments(chosen)
    histories: dict[tuple[str, str], ProjectHistory] = {}
    return [
        store_reading(project=p.name, environment=e, reading=readings[p.name, e.name], histories=histories)
        for p, e in chosen
    ]


def read_environments(chosen: Iterable[tuple[Project, Environment]]) -> dict[tuple[str, str], VersionReading]:
    """By the names of project and environment; stores nothing. Blocks as long. What is told is not masked yet."""
    readings: dict[tuple[str, str], VersionReading] = {}
    databases: dict[tuple[str, str], Database] = {}
    for p, e in chosen:
        try:
            databases[p.name, e.name] = open_database(p, e)
        except NotConfigured as error:
            readings[p.name, e.name] = VersionReading(
                rows=(), reason=Reason.NOT_CONFIGURED, detail=str(error), server="", identity=""
            )
    timeout = float(settings.DASHBOARD_READ_TIMEOUT_SECONDS)
    return readings | observe_many(databases, deadline=timeout, concurrency=CONCURRENCY)


def store_reading(
    *,
    project: str,
    environment: Environment,
    reading: VersionReading,
    histories: dict[tuple[str, str], ProjectHistory] | None = None,
) -> Observation:
    """Adds an observation; `changed` tells whether it differs from the one before.

    `histories`, by project and ref, is filled with what had to be read, for the caller's next environment.
    """
    before = latest_observation(project, environment.name)
    reason = reading.reason.value if reading.reason else ""
    changed = before is None or (before.rows, before.reason, before.identity) != (
        list(reading.rows), reason, reading.identity,
    )  # fmt: skip
    if changed or (reading.rows and not has_applied_files(project, environment.name)):
        # Before the observation, which tells readers that there may be something new.
        found, known = configuration().project(project), histories if histories is not None else {}
        key = (project, environment.ref)
        if key not in known:
            known[key] = read_environment_history(found, environment)
        keep_applied_files(project=found, environment=environment, reading=reading, history=known[key])
    return Observation.objects.create(
        project=project,
        environment=environment.name,
        rows=list(reading.rows),
        reason=reason,
        detail=masker_for(environment).mask(reading.detail),
        server=reading.server,
        identity=reading.identity,
        changed=changed,
        previous_at=_last_read_at(before),
    )


def _last_read_at(before: Observation | None) -> datetime | None:
    """Through readings that failed back to the last one that did not."""
    if before is None:
        return None
    failed = before.reason and Reason(before.reason).state is State.UNREACHABLE
    return before.previous_at if failed else before.observed_at


def request_observations(*, project: str | None = None, environment: str | None = None) -> None:
    """Has a worker read them soon; returns at once. Raises UnknownName."""
    from dashboard.tasks import observe

    _choose(project, environment)
    observe.enqueue(project, environment)


def thin_observations(*, now: datetime | None = None) -> int:
    """Drops what is old and told nothing new: one an hour stays after a day, one a day after two weeks.

    Those that differ from the one before them always stay. Returns how many were dropped.
    """
    now = now or timezone.now()
    dropped = 0
    for until, since, unit in (
        (now - KEPT_WHOLE, now - KEPT_HOURLY, TruncHour),
        (now - KEPT_HOURLY, None, TruncDay),
    ):
        old = Observation.objects.filter(changed=False, observed_at__lt=until).order_by()
        if since is not None:
            old = old.filter(observed_at__gte=since)
        with transaction.atomic():
            kept = (
                old.annotate(slot=unit("observed_at"))
                .values("project", "environment", "slot")
                .annotate(first=Min("pk"))
                .values_list("first", flat=True)
            )
            count, _ = old.exclude(pk__in=list(kept)).delete()
        dropped += count
    return dropped


def _choose(project: str | None, environment: str | None) -> list[tuple[Project, Environment]]:
    found = configuration()
    projects: Iterable[Project] = [found.project(project)] if project else found.projects.values()
    if project and environment:
        return [(found.project(project), found.environment(project, environment))]
    return [(p, e) for p in projects for e in p.environments.values()]
