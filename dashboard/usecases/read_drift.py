"""What the latest comparisons of each environment's schema say, and whether they still hold. Reads stored rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q

from dashboard.databases.difference import Difference, difference_from_json
from dashboard.models import DriftCheck, Observation, Run
from dashboard.usecases.difference_words import MODELS, REVISIONS, Side

Kind = DriftCheck.Kind
State = DriftCheck.State
SIDES: dict[str, Side] = {Kind.REVISIONS: REVISIONS, Kind.MODELS: MODELS}
Checks = dict[tuple[str, str, str], tuple[DriftCheck, DriftCheck | None]]
"""Project, environment and kind -> the newest check, and the newest that came to a result."""


@dataclass(frozen=True)
class Drift:
    """One kind of comparison of one environment, of which there was at least one."""

    kind: DriftCheck.Kind
    newest: DriftCheck
    """Of whatever state."""
    compared: DriftCheck | None
    """The newest that came to a result."""
    outdated: str
    """Why that result says nothing about the database as it is now; empty: it holds."""

    @property
    def number(self) -> int | None:
        """Of differences now; None: not known."""
        return self.compared.number if self.compared and not self.outdated else None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of the last result, at most MOST of usecases/check_drift.py. Reads them from the storage."""
        return tuple(difference_from_json(one) for one in self.compared.differences) if self.compared else ()


def read_checks(**environment: Any) -> Checks:
    """Of all environments, or of those that the filter names. Without the differences themselves."""
    newest = (
        DriftCheck.objects.filter(**environment)
        .order_by()
        .values_list("project", "environment", "kind")
        .annotate(newest=Max("pk"), compared=Max("pk", filter=Q(state=State.DONE)))
    )
    numbers = {(p, e, kind): (first, second) for p, e, kind, first, second in newest}
    if not numbers:
        return {}
    wanted = {pk for pair in numbers.values() for pk in pair if pk}
    found = DriftCheck.objects.filter(pk__in=wanted).defer("differences").select_related("requested_by").in_bulk()
    return {key: (found[first], found.get(second)) for key, (first, second) in numbers.items()}


def judge_drift(
    checks: Checks, project: str, environment: str, observation: Observation | None, last_run: Run | None
) -> tuple[Drift, ...]:
    """In the order of the kinds; none of a kind that was never compared."""
    return tuple(
        Drift(kind, newest, compared, _why_outdated(compared, observation, last_run) if compared else "")
        for kind in Kind
        if (pair := checks.get((project, environment, kind)))
        for newest, compared in [pair]
    )


def count_drift(drifts: tuple[Drift, ...]) -> int | None:
    """How many differences an environment is said to have: what is told by both comparisons is no more for that.

    None: nothing that holds is known.
    """
    return max((drift.number for drift in drifts if drift.number is not None), default=None)


def _why_outdated(compared: DriftCheck, observation: Observation | None, last_run: Run | None) -> str:
    started = compared.started_at or compared.requested_at
    changes = {Run.Outcome.REFUSED, Run.Outcome.UNCHANGED}
    if (
        last_run is not None
        and last_run.settled_at
        and last_run.settled_at > started
        and last_run.outcome not in changes
    ):
        return f"Run {last_run.pk} changed the database after that. Compare again."
    if observation is None or observation.reason:
        return ""
    if observation.identity != compared.identity:
        return "The environment is another database now. Compare again."
    if sorted(observation.rows) != sorted(compared.rows):
        return f"The database was at {', '.join(compared.rows)} then. Compare again."
    return ""
