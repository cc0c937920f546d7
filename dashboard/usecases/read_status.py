"""The state of every environment, from the latest observations. Touches no environment's database."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Max
from django.utils import timezone

from dashboard.models import Observation, Run
from dashboard.revisions.status import Reason, State, Status, VersionReading, judge_status
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.explain_foreign import explain_foreign
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_drift import Drift, judge_drift, read_checks
from dashboard.usecases.read_history import ProjectHistory, read_history


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment as far as it is known now."""

    environment: Environment
    status: Status
    observation: Observation | None
    stale: bool
    active_run: Run | None
    last_run: Run | None
    """The last that settled."""
    drift: tuple[Drift, ...] = ()
    """What the last comparisons of its schema say; none where there was none."""


@dataclass(frozen=True)
class ProjectStatus:
    """A project with its environments, in the order of dashboard.toml."""

    project: Project
    history: ProjectHistory
    environments: tuple[EnvironmentStatus, ...]


def read_statuses(*, project: str | None = None, environment: str | None = None) -> tuple[ProjectStatus, ...]:
    """All, or one project, or one environment of it. A constant number of queries. Raises UnknownName."""
    found = configuration()
    projects = [found.project(project)] if project else list(found.projects.values())
    if project and environment:
        found.environment(project, environment)
    latest, live, last, checks = _latest_observations(), _live_runs(), _last_runs(), read_checks()
    return tuple(
        ProjectStatus(
            p,
            history := read_history(p),
            tuple(
                _environment_status(
                    e,
                    read_environment_history(p, e) if e.ref else history,
                    latest.get(key),
                    live.get(key),
                    last.get(key),
                    judge_drift(checks, *key, latest.get(key), last.get(key)),
                )
                for name, e in p.environments.items()
                if environment is None or name == environment
                for key in [(p.name, name)]
            ),
        )
        for p in projects
    )


def at_ref(status: ProjectStatus, ref: str) -> ProjectStatus:
    """The same environments, judged by the history that a branch, tag or commit holds. Raises RefRefused."""
    history = read_history(status.project, ref=ref)
    judged = tuple(replace(e, status=judge(history, e.observation)) for e in status.environments)
    return ProjectStatus(status.project, history, judged)


def judge(history: ProjectHistory, observation: Observation | None) -> Status:
    """What an observation means in a history, and where the revisions are that it lacks."""
    status = judge_status(history.graph, reading_of(observation))
    if history.reading is None and status.state not in {State.UNOBSERVED, State.UNREACHABLE}:
        return Status(State.INCONSISTENT, detail=history.error, current=status.current, uncertain=True)
    return explain_foreign(status, history)


def reading_of(observation: Observation | None) -> VersionReading | None:
    """The reading that was stored."""
    if observation is None:
        return None
    return VersionReading(
        rows=tuple(observation.rows),
        reason=Reason(observation.reason) if observation.reason else None,
        detail=observation.detail,
        server=observation.server,
        identity=observation.identity,
    )


def latest_observation(project: str, environment: str) -> Observation | None:
    """The newest of one environment."""
    return Observation.objects.filter(project=project, environment=environment).order_by("-observed_at", "-pk").first()


def _environment_status(
    environment: Environment,
    history: ProjectHistory,
    observation: Observation | None,
    active_run: Run | None,
    last_run: Run | None,
    drift: tuple[Drift, ...],
) -> EnvironmentStatus:
    stale = observation is not None and timezone.now() - observation.observed_at > environment.stale_after
    status = judge(history, observation)
    return EnvironmentStatus(environment, status, observation, stale, active_run, last_run, drift)


def _latest_observations() -> dict[tuple[str, str], Observation]:
    newest = Observation.objects.order_by().values("project", "environment").annotate(newest=Max("pk"))
    found = Observation.objects.filter(pk__in=newest.values("newest"))
    return {(o.project, o.environment): o for o in found}


def _live_runs() -> dict[tuple[str, str], Run]:
    return {(r.project, r.environment): r for r in Run.objects.filter(phase__in=Run.LIVE)}


def _last_runs() -> dict[tuple[str, str], Run]:
    settled = Run.objects.filter(phase=Run.Phase.SETTLED).order_by()
    newest = settled.values("project", "environment").annotate(newest=Max("pk"))
    return {(r.project, r.environment): r for r in Run.objects.filter(pk__in=newest.values("newest"))}
