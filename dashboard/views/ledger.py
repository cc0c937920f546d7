"""What happened to one environment: its runs, and changes of the version table that no run explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dashboard.models import Observation, Replacement, Run
from dashboard.revisions.status import Reason, State
from dashboard.views.badges import badge_of_run
from dashboard.views.plan_words import say_done, say_noun

LENGTH = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """`before` and `after` are rows of the version table; both empty where it did not change or is not known."""

    kind: str
    tone: str
    who: str
    words: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    changed: bool
    detail: str
    at: datetime
    run: int | None = None


def list_entries(runs: Sequence[Run], changes: Sequence[Observation]) -> tuple[Entry, ...]:
    """Newest first. `changes`: observations that differ from the one before, newest first."""
    entries = [_run_entry(run) for run in runs]
    entries += _outside_entries(changes, runs)
    return tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))


def _run_entry(run: Run) -> Entry:
    before, after = tuple(run.rows_before or ()), tuple(run.rows_after or ())
    known = run.rows_before is not None and run.rows_after is not None
    backup = f"backup {run.confirmation.backup_id}"
    return Entry(
        kind="run",
        tone=badge_of_run(run).tone,
        who=run.confirmation.confirmed_by.get_username(),
        words=_say_act(run),
        before=before if known else (),
        after=after if known else (),
        changed=known and sorted(before) != sorted(after),
        detail=" · ".join(part for part in (badge_of_run(run).word, run.detail, backup) if part),
        at=run.settled_at or run.started_at or run.queued_at,
        run=run.pk,
    )


def _say_act(run: Run) -> str:
    """`upgraded by 2 revisions`; of a live run only what is certain."""
    plan = run.confirmation.plan
    if run.is_live:
        return f"confirmed {say_noun(plan)}"
    return say_done(plan, succeeded=run.outcome == Run.Outcome.SUCCEEDED)


def _outside_entries(changes: Sequence[Observation], runs: Iterable[Run]) -> list[Entry]:
    """Between two readable observations the rows changed, and no run of ours ended there with these rows."""
    readable = [o for o in reversed(changes) if not o.reason or Reason(o.reason).state is not State.UNREACHABLE]
    entries = []
    for before, after in pairwise(readable):
        moved = before.identity and after.identity and before.identity != after.identity
        if sorted(before.rows) == sorted(after.rows) and not moved:
            continue
        if any(_explains(run, before, after) and (not moved or _replaced(run, after)) for run in runs):
            continue
        entries.append(
            Entry(
                kind="outside",
                tone="outside",
                who="Outside the dashboard",
                words="the database was replaced by another" if moved else "the version table changed",
                before=tuple(before.rows),
                after=tuple(after.rows),
                changed=sorted(before.rows) != sorted(after.rows),
                detail=f"{_window(after)} No backup by the dashboard is known.",
                at=after.observed_at,
            )
        )
    return entries


def _window(after: Observation) -> str:
    """Between which two readings it happened."""
    if after.previous_at is None:
        return "Seen between two readings."
    form = "%H:%M:%S" if after.previous_at.date() == after.observed_at.date() else "%-d %b %Y, %H:%M:%S"
    return f"Between {after.previous_at:{form}} and {after.observed_at:{form}} UTC."


def _explains(run: Run, before: Observation, after: Observation) -> bool:
    """The run overlapped the time between the two, and the rows are ones that it passed through or left."""
    ended = run.settled_at or after.observed_at
    if run.queued_at > after.observed_at or ended < before.observed_at:
        return False
    plan = run.confirmation.plan
    passed = {step["revision"] for step in plan.steps}
    left = plan.result if run.rows_after is None else run.rows_after
    return sorted(left) == sorted(after.rows) or not passed.isdisjoint(after.rows)


def _replaced(run: Run, after: Observation) -> bool:
    """The database that is there now is the one that this run restored."""
    replacement: Replacement | None = getattr(run, "replacement", None)
    return replacement is not None and replacement.restored_identity == after.identity
