"""A cheap answer to "would the overview show anything else than a moment ago?", for the pages that ask again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Max, Q

from dashboard.models import DriftCheck, Observation, Run
from dashboard.usecases.catalogue import configuration, configuration_version
from dashboard.usecases.read_history import look_at_history
from dashboard.usecases.read_status import ProjectStatus


def overview_version() -> str:
    """Differs once an environment was read, a run moved, dashboard.toml or a script directory changed.

    Opens no revision file, asks no git and judges nothing: four small queries. A git ref that moved shows with the next
    reading. Time alone also makes an environment stale: see next_stale_at. Raises ConfigurationError.
    """
    found = configuration()
    newest_reading = Observation.objects.order_by("-pk").values_list("pk", flat=True).first()
    newest_run = Run.objects.order_by("-pk").values_list("pk", flat=True).first()
    live = sorted(Run.objects.filter(phase__in=Run.LIVE).order_by().values_list("pk", "phase"))
    checks = DriftCheck.objects.aggregate(newest=Max("pk"), live=Count("pk", filter=Q(state__in=DriftCheck.LIVE)))
    looks = [look_at_history(project) for project in found.projects.values()]
    seen = (configuration_version(), newest_reading, newest_run, live, checks, looks)
    return hashlib.sha256(repr(seen).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def next_stale_at(statuses: Iterable[ProjectStatus]) -> datetime | None:
    """When the first of those that are not stale becomes it, should no reading arrive."""
    return min(
        (
            e.observation.observed_at + e.environment.stale_after
            for status in statuses
            for e in status.environments
            if e.observation is not None and not e.stale
        ),
        default=None,
    )
