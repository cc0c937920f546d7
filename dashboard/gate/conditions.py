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
from dashboard.gate.promotion import Predecessor, judge_promotion
from dashboard.revisions.plan import PlanContent
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
    uncertain: bool
    """A dependency is set by code, so that the order is not certain."""
    predecessors: tuple[Predecessor, ...]
    backup: BackupFacts | None
    policy: BackupPolicy
    other_run: int | None
    """The live run on this environment, where there is one."""
    now: datetime


def judge(facts: GateFacts) -> tuple[Condition, ...]:
    """All conditions in the order of the page, met or not."""
    return (
        *_judge_changes(facts),
        *judge_backup(facts.backup, facts.policy, facts.plan, facts.now),
        *judge_promotion(facts.predecessors),
        _judge_unchanged(facts),
        _judge_free(facts),
    )


def is_open(conditions: Sequence[Condition]) -> bool:
    """Every condition is met."""
    return all(condition.met for condition in conditions)


def _judge_changes(facts: GateFacts) -> tuple[Condition, ...]:
    number = len(facts.plan.steps)
    allowed = facts.plan.direction in facts.allow
    sound = not facts.history_problems
    return (
        Condition(
            Gate.CHANGES,
            "Allowed",
            allowed,
            f"{facts.plan.environment} allows {facts.plan.direction}."
            if allowed
            else f"{facts.plan.environment} does not allow {facts.plan.direction}.",
            f'Add "{facts.plan.direction}" to `allow` of the environment in dashboard.toml, if that is wanted.',
        ),
        Condition(
            Gate.CHANGES,
            "Revisions",
            number > 0 and sound,
            f"{number} revision{'' if number == 1 else 's'} read, each pinned by its file's sha256."
            if sound
            else " ".join(facts.history_problems),
            "Mend the script directory, then make a new plan." if not sound else "There is nothing to apply.",
        ),
        Condition(
            Gate.CHANGES,
            "Order",
            not facts.uncertain,
            "The order is certain."
            if not facts.uncertain
            else "A revision sets depends_on by code, so the order is not certain.",
            "Write depends_on as a plain value in the revision file.",
        ),
    )


def _judge_unchanged(facts: GateFacts) -> Condition:
    readable = facts.state in {State.PENDING, State.UNVERSIONED, State.CURRENT}
    if not readable:
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
