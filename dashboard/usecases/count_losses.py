"""Counts, in a worker, the rows of what a plan would take away, and keeps the counts on the plan."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone

from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.row_count import Countable
from dashboard.models import Plan
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.survey_restore import survey_restore

SECONDS = 30.0
"""For all counts together; what is not counted by then is estimated or said to be unknown."""


def count_losses(*, plan_id: int) -> None:
    """Counts once. A database that does not answer is told on the plan, which then says that nothing was counted."""
    plan = Plan.objects.filter(pk=plan_id, counted_at=None).first()
    if plan is None:
        return
    if plan.direction == Direction.RESTORE:
        survey_restore(plan)
        return
    places = dict.fromkeys(Countable(loss["schema"], loss["table"], loss["column"]) for loss in plan.losses)
    counts: list[dict[str, object]] = []
    error = ""
    try:
        project, environment = find_environment(plan.project, plan.environment)
        found = open_database(project, environment).count_rows(tuple(places), timeout=SECONDS)
        counts = [{**asdict(place), **asdict(count)} for place, count in found.items()]
    except (UnknownName, NotConfigured) as failure:
        error = str(failure.args[0])
    except DatabaseUnavailable as failure:
        error = masker_for(environment).mask(failure.detail)
    Plan.objects.filter(pk=plan_id, counted_at=None).update(
        row_counts=counts, count_error=error, counted_at=timezone.now()
    )
