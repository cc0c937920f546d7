"""How long things will take, from how long they took: revisions in rehearsals and earlier runs, work on backups before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.models import Activity, Backup, Plan, Run, RunStep
from dashboard.usecases.read_rehearsals import summarize_rehearsals

MOST_STEPS = 5_000
"""The newest that are looked at."""
MOST_ACTIVITIES = 5
SOON = 3.0
"""Seconds after which the speed of what goes on says how long the rest takes."""


@dataclass(frozen=True, slots=True)
class DurationRange:
    """In seconds, of `number` earlier executions. Waiting for locks is part of them, and is not predicted by them."""

    least: float
    most: float
    number: int
    is_rehearsed: bool = False
    """On a copy of the very database, by the very plan; else in earlier runs, on whatever environment."""


Known = Mapping[tuple[str, str], DurationRange]
"""(revision, action) -> what it took before."""


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


def expect_steps(*, project: str, plan: Plan, backup: Backup, steps: Sequence[tuple[str, str]]) -> Known:
    """Of steps, each (revision, action): what they took in the plan's rehearsals on the backup, else before."""
    rehearsed = rehearsed_durations(plan=plan, backup=backup)
    if rehearsed:
        return rehearsed
    return {
        (revision, action): found
        for action in {action for _, action in steps}
        for revision, found in expect_durations(
            project=project, revisions=(r for r, a in steps if a == action), action=action
        ).items()
    }


def rehearsed_durations(*, plan: Plan, backup: Backup) -> Known:
    """What it took in the plan's rehearsals on the backup; empty where there is none."""
    summary = summarize_rehearsals(plan, backup)
    if summary is None:
        return {}
    return {
        (step.newest.revision, step.newest.action): DurationRange(
            step.least_seconds, step.most_seconds, summary.number, is_rehearsed=True
        )
        for step in summary.steps
    }


def expect_rest(steps: Sequence[tuple[str, str]], known: Known, *, spent: float = 0.0) -> DurationRange | None:
    """For steps that are not done; None where there is none, or one of them was never done before.

    `spent`: seconds that the first of them goes on already. `most` is 0 where that is longer than ever before.
    """
    if not steps or any(step not in known for step in steps):
        return None
    first, *others = (known[step] for step in steps)
    if spent > first.most + SOON:
        return DurationRange(0.0, 0.0, first.number)
    return DurationRange(
        max(0.0, first.least - spent) + sum(other.least for other in others),
        max(0.0, first.most - spent) + sum(other.most for other in others),
        min(r.number for r in (first, *others)),
        is_rehearsed=all(r.is_rehearsed for r in (first, *others)),
    )


def expect_end(activity: Activity, now: datetime) -> DurationRange | None:
    """For work on a backup that goes on: by its own speed, and by what the like took in this environment before.

    None where neither says anything; `most` is 0 where it takes longer than ever before.
    """
    elapsed = max(0.0, (now - activity.started_at).total_seconds())
    earlier = _earlier(activity)
    guesses = [max(0.0, whole - elapsed) for whole in earlier]
    if activity.bytes_done and activity.bytes_expected and elapsed > SOON:
        guesses.append(elapsed * max(0, activity.bytes_expected - activity.bytes_done) / activity.bytes_done)
    return DurationRange(min(guesses), max(guesses), len(earlier)) if guesses else None


def _earlier(activity: Activity) -> list[float]:
    """What the whole would take, by the newest that were like it, in proportion to the database's size."""
    backup = activity.backup
    ended = Activity.objects.filter(
        kind=activity.kind,
        seconds__isnull=False,
        backup__project=backup.project,
        backup__environment=backup.environment,
    ).select_related("backup")
    found = []
    for one in ended[:MOST_ACTIVITIES]:
        then, now = one.backup.data_bytes, backup.data_bytes
        found.append((one.seconds or 0.0) * (now / then if now and then else 1.0))
    return found
