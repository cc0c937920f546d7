"""A plan's rehearsals as gate 3 of its page shows them: time as a range, everything else as it was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from dashboard.gate.lock_modes import BLOCKING_MODES, LOCK_MODES
from dashboard.gate.rehearsal_policy import say_exceeded
from dashboard.models import Backup, Plan, Rehearsal, RehearsedRevision
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import Environment
from dashboard.usecases.expect_durations import expect_rest, expect_steps
from dashboard.usecases.read_rehearsals import (
    RehearsalSummary,
    RehearsedStep,
    rehearsal_facts,
    rehearsal_policy,
    rehearsals_of,
    summarize_rehearsals,
)
from dashboard.usecases.request_rehearsal import has_place, why_not
from dashboard.views.activity_words import ProgressView, current_activity, say_rest, view_activity
from dashboard.views.moments import say_duration, say_range, say_span

NAMED = 3
"""So many relations are named; the rest is counted, and told below the table."""
RANGE_WIDTH = 120
"""Pixels of the bar that shows a range beside the others."""


@dataclass(frozen=True, slots=True)
class LockView:
    """One lock: what was locked, how, for how long at most."""

    relation: str
    mode: str
    held: str
    is_blocking: bool
    is_index: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One step of the plan. `x` and `width`: of the bar, in pixels."""

    step: RehearsedRevision
    duration: str
    x: int
    width: int
    locks: tuple[LockView, ...]
    strongest: LockView | None
    strongest_on: str
    """All relations that are locked as strongly."""
    may_be_missed: bool
    """No lock was seen, and something was done outside of a transaction, which nobody but a look from beside sees."""
    rewritten: str
    rewritten_names: str
    wal: str


_OUTSIDE = re.compile(r"\b(?:CONCURRENTLY|VACUUM)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RehearsalView:
    """All rehearsals of a plan on the backup at hand."""

    is_asked: bool
    """The environment asks for one before a run."""
    progress: ProgressView | None
    """Of the one that goes on; None: none does."""
    error: str
    """Why the newest that ended did not come to its end; empty where it did."""
    summary: RehearsalSummary | None
    rows: tuple[RowView, ...]
    duration: str
    tells_locks: bool
    budget: str
    """Empty where the environment asks for no rehearsal."""
    can_repeat: bool
    cannot: str
    """Why none can be begun now; empty: one can."""
    can_override: bool
    """A budget is exceeded, and nobody let it pass."""
    lock_timeout: str

    @property
    def is_working(self) -> bool:
        """One goes on, or waits for a worker."""
        return self.progress is not None

    @property
    def was_tried(self) -> bool:
        """One has ended, however it did."""
        return bool(self.rows or self.error)

    @property
    def doing(self) -> str:
        """Of the one that goes on."""
        return self.progress.words if self.progress else ""

    @property
    def verdict(self) -> str:
        """Where the environment asks for no rehearsal: what there is all the same."""
        if self.is_working:
            return "under way, not asked for"
        if self.error:
            return "did not come to its end; not asked for"
        return f"{self.duration}; not asked for" if self.summary else "not asked for"

    @property
    def strongest(self) -> str:
        """`AccessExclusive on orders, customers`; empty where nobody is kept from writing."""
        blocking = [lock for row in self.rows for lock in row.locks if lock.is_blocking]
        if not blocking:
            return ""
        mode = max(blocking, key=lambda lock: LOCK_MODES.index(f"{lock.mode}Lock")).mode
        return f"{mode} on {_name_relations([lock for lock in blocking if lock.mode == mode])}"


def view_rehearsals(plan: Plan, backup: Backup | None, environment: Environment) -> RehearsalView | None:
    """None where none is asked for and none could be made: a gate of which nothing can be said is not shown."""
    cannot = why_not(plan, backup, environment)
    policy = rehearsal_policy(environment)
    rehearsals = rehearsals_of(plan, backup)
    is_optional = policy is None and not rehearsals
    if not Direction(plan.direction).runs_revisions or (is_optional and not has_place(environment)):
        return None
    facts = rehearsal_facts(plan, backup)
    summary = summarize_rehearsals(plan, backup)
    live = next((r for r in rehearsals if r.state in Rehearsal.LIVE), None)
    exceeded = say_exceeded(facts, policy) if policy else ()
    return RehearsalView(
        is_asked=policy is not None,
        progress=_view_progress(live, plan, timezone.now()) if live else None,
        error="" if facts.has_passed else facts.error,
        summary=summary,
        rows=_list_rows(summary),
        duration=say_range(summary.least_seconds, summary.most_seconds) if summary else "",
        tells_locks=summary is not None and summary.newest.tells_locks,
        budget=_say_budget(environment),
        can_repeat=not cannot and live is None,
        cannot=cannot,
        can_override=bool(exceeded) and facts.has_passed and not facts.override,
        lock_timeout=say_span(environment.timeouts.lock),
    )


def _view_progress(live: Rehearsal, plan: Plan, now: datetime) -> ProgressView:
    if live.state == Rehearsal.State.QUEUED:
        return ProgressView("waits for a worker")
    if live.doing == "restoring":
        activity = current_activity(live.backup, live)
        if activity is None:
            return ProgressView(f"backup {live.backup_id} is being read", since=live.started_at)
        found = view_activity(activity, now)
        return replace(found, what=f"backup {live.backup_id} is {found.what} into a scratch database")
    steps = [(step["revision"], step["action"]) for step in plan.steps]
    known = expect_steps(project=plan.project, plan=plan, backup=live.backup, steps=steps)
    spent = (now - live.step_at).total_seconds() if live.step_at else 0.0
    return ProgressView(
        what=f"{live.steps_done} of the plan's {len(steps)} revisions executed on the copy",
        since=live.started_at,
        rest=say_rest(expect_rest(steps[live.steps_done :], known, spent=spent)),
        value=live.steps_done,
        limit=len(steps),
    )


def _say_budget(environment: Environment) -> str:
    asked = environment.rehearsal
    if asked is None:
        return ""
    parts = []
    if asked.max_lock is not None:
        parts.append(f"a lock that keeps others from writing held for at most {say_span(asked.max_lock)}")
    if asked.max_rewrite is not None:
        parts.append(f"at most {filesizeformat(asked.max_rewrite)} rewritten")
    return ", ".join(parts) or "without a budget"


def _list_rows(summary: RehearsalSummary | None) -> tuple[RowView, ...]:
    if summary is None:
        return ()
    longest = max((step.most_seconds for step in summary.steps), default=0.0) or 1.0
    return tuple(_row(step, longest) for step in summary.steps)


def _row(step: RehearsedStep, longest: float) -> RowView:
    newest = step.newest
    locks = tuple(_lock(entry) for entry in newest.locks)
    strongest = locks[0] if locks else None
    left = round(step.least_seconds / longest * RANGE_WIDTH)
    right = round(step.most_seconds / longest * RANGE_WIDTH)
    return RowView(
        step=newest,
        duration=say_range(step.least_seconds, step.most_seconds),
        x=min(left, RANGE_WIDTH - 2),
        width=max(2, right - left),
        locks=locks,
        strongest=strongest,
        strongest_on=_name_relations([lock for lock in locks if strongest and lock.mode == strongest.mode]),
        may_be_missed=not locks and any(_OUTSIDE.search(entry["sql"]) for entry in newest.statements),
        rewritten=filesizeformat(sum(entry["bytes"] for entry in newest.rewritten)) if newest.rewritten else "",
        rewritten_names=", ".join(entry["relation"] for entry in newest.rewritten),
        wal=filesizeformat(newest.wal_bytes) if newest.wal_bytes is not None else "",
    )


def _lock(entry: dict[str, object]) -> LockView:
    mode = str(entry["mode"])
    seconds = float(str(entry["seconds"]))
    until = ", to the end of the transaction" if entry["to_end"] else ""
    return LockView(
        relation=str(entry["relation"]),
        mode=mode.removesuffix("Lock"),
        held=f"{say_duration(seconds)} at most{until}",
        is_blocking=mode in BLOCKING_MODES,
        is_index=bool(entry["is_index"]),
    )


def _name_relations(locks: Sequence[LockView]) -> str:
    """The tables; indexes, which are locked with their tables, only where they stand alone."""
    names = dict.fromkeys(lock.relation for lock in locks if not lock.is_index) or [lock.relation for lock in locks]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(list(names)[:NAMED]) + more
