"""What must hold before a run may start: one pure function, asked by the page, the confirmation and the worker.

The page shows the conditions, the confirmation refuses while one is not met, and the worker asks again under the
lock: the rule stands here once, so that no view, command or task can go around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.gate.backup_policy import BackupFacts, BackupPolicy, judge_backup
from dashboard.gate.condition import Condition, Gate
from dashboard.gate.finding_policy import FindingFacts, judge_findings
from dashboard.gate.promotion import Predecessor, judge_promotion
from dashboard.gate.rehearsal_policy import RehearsalFacts, RehearsalPolicy, judge_rehearsal
from dashboard.gate.restore_policy import judge_restore
from dashboard.gate.review_policy import judge_reviews
from dashboard.revisions.plan import Action, Direction, PlanContent
from dashboard.revisions.status import State


class Occupancy(StrEnum):
    """Whether another run has the environment."""

    FREE = "free"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything that decides whether a plan may run, gathered by a use-case."""

    plan: PlanContent
    allow: frozenset[str]
    superseded: str
    """Why the plan is out of date; empty: its fingerprint was computed anew and is the same."""
    state: State
    state_detail: str
    history_problems: tuple[str, ...]
    """Sentences of problems that touch the plan's revisions."""
    uncommitted: tuple[str, ...]
    """Revision files of the plan that no commit holds, where the environment does not take such."""
    uncertain: bool
    """A dependency is set by code, so that the order is not certain."""
    is_counted: bool
    """What would be lost has been counted, or it was tried; true where nothing would be lost."""
    findings: FindingFacts
    predecessors: tuple[Predecessor, ...]
    backup: BackupFacts | None
    policy: BackupPolicy
    rehearsal: RehearsalFacts
    rehearsal_policy: RehearsalPolicy | None
    """None: the environment asks for no rehearsal."""
    other_run: int | None
    """The live run on this environment, where there is one."""
    now: datetime
    newer_plan: str = ""
    """Which plan of this environment was made after this one, by whom and when; empty: none, or it does not matter."""
    unreviewed: tuple[str, ...] | None = None
    """Revisions of the plan whose files nobody has reviewed as they are; None: the environment asks for no review."""
    obstacles: tuple[str, ...] = ()
    """What a worker found in the way of a restore."""
    former_identities: frozenset[str] = frozenset()
    """Of databases that restored ones have replaced here: their backups are this environment's still."""


_DOING = {
    Direction.UPGRADE: "upgrades",
    Direction.DOWNGRADE: "downgrades",
    Direction.STAMP: "stamping",
    Direction.START_FRESH: "starting fresh",
    Direction.RESTORE: "restoring a backup",
}


def judge(facts: GateFacts) -> tuple[Condition, ...]:
    """All conditions in the order of the page, met or not."""
    return (
        *_judge_changes(facts),
        *judge_backup(facts.backup, facts.policy, facts.plan, facts.now, facts.former_identities),
        *_judge_rehearsal(facts),
        *judge_promotion(facts.predecessors),
        *_judge_latest(facts),
        _judge_unchanged(facts),
        _judge_free(facts),
    )


def is_open(conditions: Sequence[Condition]) -> bool:
    """Every condition is met."""
    return all(condition.met for condition in conditions)


def _judge_changes(facts: GateFacts) -> tuple[Condition, ...]:
    if facts.plan.direction is Direction.RESTORE:
        return (_judge_allowed(facts), *judge_restore(is_surveyed=facts.is_counted, obstacles=facts.obstacles))
    return (
        _judge_allowed(facts),
        _judge_revisions(facts),
        _judge_order(facts),
        *_judge_committed(facts),
        *_judge_losses(facts),
        *_judge_sql(facts),
        *judge_reviews(facts.unreviewed),
    )


def _judge_allowed(facts: GateFacts) -> Condition:
    direction = facts.plan.direction
    allowed = direction in facts.allow
    words = f"allows {_DOING[direction]}" if allowed else f"does not allow {direction.replace('_', ' ')}"
    return Condition(
        Gate.CHANGES,
        "Allowed",
        allowed,
        f"{facts.plan.environment} {words}.",
        f'Add "{direction}" to `allow` of the environment in dashboard.toml, if that is wanted.',
    )


def _judge_revisions(facts: GateFacts) -> Condition:
    if facts.history_problems:
        words = " ".join(facts.history_problems)
        return Condition(Gate.CHANGES, "Revisions", False, words, "Mend the script directory, then make a new plan.")
    has_work = bool(facts.plan.steps) or sorted(facts.plan.current) != sorted(facts.plan.result)
    return Condition(Gate.CHANGES, "Revisions", has_work, _say_steps(facts.plan), "There is nothing to do.")


def _say_steps(plan: PlanContent) -> str:
    if plan.direction is Direction.STAMP:
        return "Only the version table changes. No revision is run."
    reverted = sum(step.action is Action.DOWNGRADE for step in plan.steps)
    if plan.direction is Direction.START_FRESH:
        return f"{reverted} to revert, {len(plan.steps) - reverted} to apply, each pinned by its file's sha256."
    number = len(plan.steps)
    verb = "to revert" if reverted else "read"
    return f"{number} revision{'' if number == 1 else 's'} {verb}, each pinned by its file's sha256."


def _judge_order(facts: GateFacts) -> Condition:
    """A stamp runs no revision, so that their order does not matter."""
    certain = not facts.uncertain or facts.plan.direction is Direction.STAMP
    return Condition(
        Gate.CHANGES,
        "Order",
        certain,
        "Certain." if certain else "A revision sets depends_on by code, so the order is not certain.",
        "Write depends_on as a plain value in the revision file.",
    )


def _judge_committed(facts: GateFacts) -> tuple[Condition, ...]:
    """Said only where it is not so: most projects of a team live in git, and there it is the rule."""
    if not facts.uncommitted:
        return ()
    words = f"Not committed: {', '.join(facts.uncommitted)}."
    mend = "Commit the files, so that what runs here can be found again."
    return (Condition(Gate.CHANGES, "Committed", False, words, mend),)


def _judge_losses(facts: GateFacts) -> tuple[Condition, ...]:
    if all(step.action is not Action.DOWNGRADE for step in facts.plan.steps):
        return ()
    words = "What would be lost is counted." if facts.is_counted else "What would be lost is still being counted."
    mend = "Wait for a worker to have counted it."
    return (Condition(Gate.CHANGES, "Losses", facts.is_counted, words, mend, working=not facts.is_counted),)


def _judge_sql(facts: GateFacts) -> tuple[Condition, ...]:
    """A stamp writes the version table alone."""
    return () if facts.plan.direction is Direction.STAMP else (judge_findings(facts.findings),)


def _judge_rehearsal(facts: GateFacts) -> tuple[Condition, ...]:
    backup = facts.backup
    is_there = backup is not None and (backup.state == "proven" or backup.method != "dump")
    method = backup.method if backup is not None and is_there else ""
    return judge_rehearsal(facts.rehearsal, facts.rehearsal_policy, facts.plan, backup_method=method)


def _judge_latest(facts: GateFacts) -> tuple[Condition, ...]:
    """Said only where it is not so: whoever opens the page sees the latest plan."""
    if not facts.newer_plan:
        return ()
    mend = "Look at it, or make this one again."
    return (Condition(Gate.CONFIRM, "Latest", False, f"{facts.newer_plan}, is newer.", mend),)


def _judge_unchanged(facts: GateFacts) -> Condition:
    if facts.state not in _readable(facts.plan.direction):
        return Condition(
            Gate.CONFIRM,
            "Readable",
            False,
            f"The database is {facts.state}: {facts.state_detail}".rstrip(": "),
            "Mend that first, then read the database again.",
        )
    return Condition(
        Gate.CONFIRM,
        "Unchanged",
        not facts.superseded,
        facts.superseded or "Database, files and configuration are as planned; checked again when the run starts.",
        "Make a new plan.",
    )


def _readable(direction: Direction) -> set[State]:
    """A stamp or a restore is the mend for rows that the history does not know or that contradict each other."""
    states = {State.PENDING, State.UNVERSIONED, State.CURRENT}
    leaves_history = direction in {Direction.STAMP, Direction.RESTORE}
    return states | {State.FOREIGN_REVISION, State.INCONSISTENT} if leaves_history else states


def _judge_free(facts: GateFacts) -> Condition:
    return Condition(
        Gate.CONFIRM,
        "Free",
        facts.other_run is None,
        "No other run is on this environment."
        if facts.other_run is None
        else f"Run {facts.other_run} on this environment has not settled.",
        f"Wait until run {facts.other_run} has settled.",
    )
