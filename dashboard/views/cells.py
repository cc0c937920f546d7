"""One environment as the overview shows it: a cell of the matrix, a tile, or a row of the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from dashboard.models import Run
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import Reason, State, Status
from dashboard.usecases.read_drift import count_drift
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.badges import BAD_OUTCOMES, Badge, badge_of_run, badge_of_status
from dashboard.views.distance import Distance, measure_distance
from dashboard.views.drift import mark_drift


@dataclass(frozen=True, slots=True)
class Cell:
    """Five lines in fixed order: badge, revision, message, distance, age and last run."""

    project: str
    project_title: str
    name: str
    href: str
    badge: Badge
    active: Badge | None
    """Of the live run."""
    revision: str
    message: str
    distance: Distance
    observed_at: datetime | None
    is_stale: bool
    run_words: str
    """What became of the live run, else of the last; its time follows. Empty: there was none."""
    run_at: datetime | None
    is_run_bad: bool
    drift: Badge | None
    """How much its schema differs from what it should be; None: it does not, or that is not known."""
    kinds: frozenset[str]
    """What it can be filtered by: its state, the live run's phase, failed_run, stale."""

    @property
    def is_current(self) -> bool:
        """Nothing to do here."""
        return self.badge.tone == "current" and self.active is None


def make_cell(project: ProjectStatus, status: EnvironmentStatus) -> Cell:
    """Touches no database."""
    name = status.environment.name
    graph = project.history.graph
    run = status.active_run or status.last_run
    return Cell(
        project=project.project.name,
        project_title=project.project.title,
        name=name,
        href=reverse("environment", args=[project.project.name, name]),
        badge=badge_of_status(status.status),
        active=badge_of_run(status.active_run) if status.active_run else None,
        revision=status.status.current[0] if status.status.current else "",
        message=_message(status.status, graph),
        distance=measure_distance(status.status, graph),
        observed_at=status.observation.observed_at if status.observation else None,
        is_stale=status.stale,
        run_words=_say_run(run) if run else "",
        run_at=(run.queued_at if run.is_live else run.settled_at) if run else None,
        is_run_bad=run is not None and run.outcome in BAD_OUTCOMES,
        drift=mark_drift(status),
        kinds=_kinds(status),
    )


def _say_run(run: Run) -> str:
    """Up to the time of it: "run refused" 6 s ago, "run 9 queued" 1 min ago."""
    if run.is_live:
        return f"run {run.pk} {'queued' if run.phase == Run.Phase.QUEUED else 'confirmed'}"
    if run.outcome in BAD_OUTCOMES:
        return "run failed"
    return _CALM_OUTCOMES.get(run.outcome) or f"run {badge_of_run(run).word}"


def _kinds(status: EnvironmentStatus) -> frozenset[str]:
    kinds = {status.status.state.value}
    if status.active_run is not None:
        kinds.add(status.active_run.phase)
    elif status.last_run is not None and status.last_run.outcome in BAD_OUTCOMES:
        kinds.add("failed_run")
    if status.stale:
        kinds.add("stale")
    if count_drift(status.drift):
        kinds.add("drift")
    return frozenset(kinds)


def _message(status: Status, graph: RevisionGraph) -> str:
    if status.state is State.UNOBSERVED:
        return "first reading under way"
    if status.state in {State.UNREACHABLE, State.UNVERSIONED}:
        return _REASONS.get(status.reason, "") if status.reason else ""
    others = len(status.current) - 1
    if others > 0:
        return f"and {others} more row{'s' if others > 1 else ''}"
    record = graph.records.get(status.current[0]) if status.current else None
    return record.message if record else "not in this script directory"


_CALM_OUTCOMES: dict[str, str] = {Run.Outcome.SUCCEEDED: "run", Run.Outcome.UNCHANGED: "run changed nothing"}
_REASONS: dict[Reason, str] = {
    Reason.NOT_CONFIGURED: "its secret cannot be resolved",
    Reason.REFUSED: "the server refused the connection",
    Reason.TIMEOUT: "the server did not answer in time",
    Reason.AUTHENTICATION: "user or password was refused",
    Reason.NO_DATABASE: "there is no such database",
    Reason.PERMISSION: "the version table may not be read",
    Reason.LOCKED: "the version table is locked",
    Reason.NOT_A_VERSION_TABLE: "the table is no version table",
    Reason.NO_TABLE: "no version table",
    Reason.EMPTY_TABLE: "the version table is empty",
    Reason.SCHEMA_NOT_EMPTY: "no version table, but other tables",
}
