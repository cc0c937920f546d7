"""Which plans wait for a revision's file to be read, so that its page leads back to them."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import Run
from dashboard.sources.configuration import Project
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.find_plan import latest_plan
from dashboard.usecases.review_revision import list_unreviewed


@dataclass(frozen=True, slots=True)
class PlanToReview:
    """The latest plan of an environment that asks for reviews, not run yet. `next_revision`: unreviewed; empty: none."""

    environment: str
    next_revision: str


def list_plans_to_review(project: Project, revision: str) -> tuple[PlanToReview, ...]:
    """Those that have a step of this revision, in the order of dashboard.toml."""
    asking = (e.name for e in project.environments.values() if e.requires_review)
    return tuple(found for name in asking if (found := _read(project.name, name, revision)))


def _read(project: str, environment: str, revision: str) -> PlanToReview | None:
    plan = latest_plan(project, environment)
    if plan is None or Run.objects.filter(confirmation__plan=plan).exists():
        return None
    steps = content_of(plan).steps
    if all(step.revision != revision for step in steps):
        return None
    unreviewed = list_unreviewed(project, steps)
    waiting = (step.revision for step in steps if step.revision in unreviewed and step.revision != revision)
    return PlanToReview(environment, next(waiting, ""))
