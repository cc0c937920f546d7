"""What an environment's schema differs in from what it should be, and asking for a new comparison."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import PLAN, permission
from dashboard.models import DriftCheck
from dashboard.sources.configuration import Environment
from dashboard.usecases.check_drift import MOST
from dashboard.usecases.difference_words import say_difference
from dashboard.usecases.read_drift import SIDES, Drift, count_drift
from dashboard.usecases.read_status import EnvironmentStatus
from dashboard.usecases.request_drift import DriftCheckRefused, request_drift_checks
from dashboard.views.badges import Badge
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment

Kind = DriftCheck.Kind
State = DriftCheck.State
_TITLES: dict[str, str] = {
    Kind.REVISIONS: "Database against its own revision",
    Kind.MODELS: "Models against the database",
}
_MENDS: dict[str, str] = {
    Kind.REVISIONS: "Missing: run the operation shown. Extra: remove it, or write a revision that creates it and stamp the database.",
    Kind.MODELS: "Write a revision that brings the database to the models, or correct the models.",
}


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One difference: what is so, the operation that undoes it, and the one that a revision would have."""

    words: str
    repair: str
    adopt: str


@dataclass(frozen=True, slots=True)
class DriftView:
    """One kind of comparison on the environment's page."""

    title: str
    badge: Badge
    drift: Drift
    is_live: bool
    failure: str
    """Why the newest one has no result; empty: it has one, or is not done."""
    lines: tuple[DifferenceLine, ...]
    more: int
    """So many differences are not listed."""
    repair_words: str
    mend: str
    """What to do about the lines; empty where there are none, or they are out of date."""
    is_for_revision: bool
    """Whether a new revision, made from the models beside this environment, mends it."""


@require_POST
@permission(PLAN)
def check_drift(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Queues both comparisons; the environment's page shows how they come along."""
    find_environment(request, project, environment)
    try:
        request_drift_checks(user=request.user, project=project, environment=environment)
    except DriftCheckRefused as refusal:
        messages.error(request, f"Nothing was compared. {refusal}")
    return redirect(f"{request.path.removesuffix('drift/')}#drift")


def view_drift(status: EnvironmentStatus) -> tuple[DriftView, ...]:
    """Reads the differences, which the status leaves out."""
    return tuple(_view(drift, status.environment) for drift in status.drift)


def mark_drift(status: EnvironmentStatus) -> Badge | None:
    """How much its schema differs from what it should be, beside its state; None: it does not, or that is not known."""
    number = count_drift(status.drift)
    return Badge("drift", f"drift {number}") if number else None


def badge_of_drift(drift: Drift) -> Badge:
    """Of one kind; a result that does not hold any more is no result."""
    state = drift.newest.state
    if state in DriftCheck.LIVE:
        return Badge(
            "waiting" if state == State.QUEUED else "running", "queued" if state == State.QUEUED else "comparing"
        )
    if drift.number is None:
        return Badge("unknown", "out of date" if drift.outdated else str(drift.newest.get_state_display()))
    return Badge("drift", f"drift {drift.number}") if drift.number else Badge("current", "no drift")


def _view(drift: Drift, environment: Environment) -> DriftView:
    lines = _list_lines(drift)
    number = drift.compared.number or 0 if drift.compared else 0
    return DriftView(
        title=_TITLES[drift.kind],
        badge=badge_of_drift(drift),
        drift=drift,
        is_live=drift.newest.state in DriftCheck.LIVE,
        failure=drift.newest.error if drift.newest.state in {State.FAILED, State.DISCARDED} else "",
        lines=lines,
        more=max(0, number - MOST),
        repair_words="To bring the database back" if drift.kind == Kind.REVISIONS else "In a revision",
        mend=_MENDS[drift.kind] if lines and not drift.outdated else "",
        # The models of the work tree are beside its database only where the environment runs the work tree.
        is_for_revision=bool(lines) and not drift.outdated and drift.kind == Kind.MODELS and not environment.ref,
    )


def _list_lines(drift: Drift) -> tuple[DifferenceLine, ...]:
    """Without operations where the result does not hold any more: they would undo what is not there."""
    side = SIDES[drift.kind]
    holds = not drift.outdated
    return tuple(
        DifferenceLine(say_difference(one, side), one.repair if holds else "", one.adopt if holds else "")
        for one in drift.differences
    )
