"""Where a revision is applied, and since when: a line for each environment, folded where they are many."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import AppliedFile
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import State
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.badges import Badge

MOST_UNFOLDED = 8
"""With more environments than this those that say the same are one line to open."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether one environment has the revision. `applied`: what is remembered of when it came there."""

    name: str
    badge: Badge
    applied: AppliedFile | None


@dataclass(frozen=True, slots=True)
class StandingGroup:
    """Environments in the order of dashboard.toml. `badge`: what they all say; None: not folded."""

    standings: tuple[Standing, ...]
    badge: Badge | None


def list_standings(status: ProjectStatus, revision: str) -> tuple[StandingGroup, ...]:
    """By the latest observations; one query."""
    files = AppliedFile.objects.filter(project=status.project.name, revision=revision, gone_at=None)
    applied = {file.environment: file for file in files.select_related("run")}
    graph = status.history.graph
    standings = [_stand(graph, environment, revision, applied) for environment in status.environments]
    if len(standings) <= MOST_UNFOLDED:
        return (StandingGroup(tuple(standings), None),) if standings else ()
    badges = dict.fromkeys(standing.badge for standing in standings)
    grouped = ((badge, tuple(s for s in standings if s.badge == badge)) for badge in badges)
    return tuple(StandingGroup(same, badge) for badge, same in grouped)


def _stand(
    graph: RevisionGraph, environment: EnvironmentStatus, revision: str, applied: dict[str, AppliedFile]
) -> Standing:
    name = environment.environment.name
    badge = _judge(graph, environment, revision)
    return Standing(name, badge, applied.get(name) if badge.tone == "current" else None)


def _judge(graph: RevisionGraph, environment: EnvironmentStatus, revision: str) -> Badge:
    status = environment.status
    if status.state in {State.CURRENT, State.PENDING, State.UNVERSIONED}:
        if revision in graph.ancestors(status.current):
            return Badge("current", "applied")
        return Badge("pending", "pending")
    if status.state in {State.FOREIGN_REVISION, State.INCONSISTENT} and revision in graph.ancestors(status.current):
        return Badge("current", "applied")
    return Badge("waiting", "not known")
