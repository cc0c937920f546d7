"""How long revisions took before: in the plan's rehearsals, else in earlier runs on whatever environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.models import Backup, Plan, Run, RunStep
from dashboard.usecases.read_rehearsals import summarize_rehearsals

MOST_STEPS = 5_000
"""The newest that are looked at."""


@dataclass(frozen=True, slots=True)
class DurationRange:
    """In seconds, of `number` earlier executions. Waiting for locks is part of them, and is not predicted by them."""

    least: float
    most: float
    number: int
    is_rehearsed: bool = False
    """On a copy of the very database, by the very plan; else in earlier runs, on whatever environment."""


def expect_durations(*, project: str, revisions: Iterable[str], action: str) -> Mapping[str, DurationRange]:
    """For each revision that was done before, in the way of `action` (`upgrade` or `downgrade`). One query."""
    done = RunStep.objects.filter(
        run__project=project,
        run__phase=Run.Phase.SETTLED,
        revision__in=tuple(revisions),
        action=action,
        state=RunStep.State.APPLIED,
        started_at__isnull=False,
        finished_at__isnull=False,
    ).order_by("-pk")
    seconds: dict[str, list[float]] = {}
    for step in done.only("revision", "started_at", "finished_at")[:MOST_STEPS]:
        if step.started_at and step.finished_at:
            took = (step.finished_at - step.started_at).total_seconds()
            seconds.setdefault(step.revision, []).append(max(0.0, took))
    return {revision: DurationRange(min(found), max(found), len(found)) for revision, found in seconds.items()}


def rehearsed_durations(*, plan: Plan, backup: Backup) -> Mapping[tuple[str, str], DurationRange]:
    """(revision, action) -> what it took in the plan's rehearsals on the backup; empty where there is none."""
    summary = summarize_rehearsals(plan, backup)
    if summary is None:
        return {}
    return {
        (step.newest.revision, step.newest.action): DurationRange(
            step.least_seconds, step.most_seconds, summary.number, is_rehearsed=True
        )
        for step in summary.steps
    }


def expect_rest(run: Run) -> DurationRange | None:
    """For the steps of a live run that are not done yet; None where one of them was never done before."""
    waiting = tuple(run.steps.filter(state__in=[RunStep.State.WAITING, RunStep.State.RUNNING]))
    if not waiting:
        return None
    ranges = []
    for action in {step.action for step in waiting}:
        steps = [step for step in waiting if step.action == action]
        known = expect_durations(project=run.project, revisions=(s.revision for s in steps), action=action)
        if any(step.revision not in known for step in steps):
            return None
        ranges += [known[step.revision] for step in steps]
    return DurationRange(sum(r.least for r in ranges), sum(r.most for r in ranges), min(r.number for r in ranges))
