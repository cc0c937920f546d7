"""Which rehearsal opens the gate: of this plan on this backup, come to its end, within the budgets or let pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboard.gate.condition import Condition, Gate
from dashboard.revisions.plan import PlanContent


@dataclass(frozen=True, slots=True)
class RehearsalPolicy:
    """What an environment asks of a rehearsal. None: no limit."""

    max_lock: timedelta | None
    max_rewrite: int | None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class LongestLock:
    """The lock that kept others from writing, or reading, for longest."""

    relation: str
    mode: str
    revision: str
    """Which took it."""
    seconds: float
    to_end: bool
    """It was held to the end of its transaction, through revisions that came after."""


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody let an exceeded budget pass."""

    given_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RehearsalFacts:
    """What is known of the rehearsals of one plan on one backup."""

    is_working: bool
    """One is queued or under way."""
    has_passed: bool
    """The newest that ended came to its end."""
    number: int
    """How many came to their end."""
    error: str
    """Why the newest that ended did not; empty where it did, or none has ended."""
    longest_lock: LongestLock | None
    """Of all that came to their end."""
    rewritten: int
    """Bytes; the most of any of them."""
    override: Override | None
    """None: nobody let it pass."""


NO_REHEARSAL = RehearsalFacts(False, False, 0, "", None, 0, None)
"""Nothing was tried."""


def judge_rehearsal(
    facts: RehearsalFacts, policy: RehearsalPolicy | None, plan: PlanContent, *, backup_method: str
) -> tuple[Condition, ...]:
    """None where the environment asks for no rehearsal, and for a plan that runs no revision.

    `backup_method`: of the backup at hand, empty where there is none that could be rehearsed on yet.
    """
    if policy is None or not plan.direction.runs_revisions:
        return ()
    first = _judge_done(facts, plan, backup_method)
    if not facts.has_passed:
        return (first,)
    exceeded = say_exceeded(facts, policy)
    words = " ".join(exceeded) if exceeded else _say_within(facts, policy)
    mend = "Split the revision, or let an operator who knows why let it pass with a reason."
    if exceeded and facts.override:
        by = facts.override.given_by
        words = f"{words} Let pass by {by}: “{facts.override.reason}”"
        return (first, Condition(Gate.REHEARSAL, "Budget", True, words, "", let_pass_by=by))
    return (first, Condition(Gate.REHEARSAL, "Budget", not exceeded, words, mend if exceeded else ""))


def say_exceeded(facts: RehearsalFacts, policy: RehearsalPolicy) -> tuple[str, ...]:
    """A sentence for each budget that the rehearsals exceeded."""
    found = []
    lock = facts.longest_lock
    if policy.max_lock is not None and lock is not None and lock.seconds > policy.max_lock.total_seconds():
        until = ", to the end of its transaction" if lock.to_end else ""
        found.append(
            f"{lock.revision} took {lock.mode} on {lock.relation} and held it for {_duration(lock.seconds)}{until}; "
            f"{policy.max_lock.total_seconds():g} s are allowed."
        )
    if policy.max_rewrite is not None and facts.rewritten > policy.max_rewrite:
        found.append(f"{_size(facts.rewritten)} are rewritten; {_size(policy.max_rewrite)} are allowed.")
    return tuple(found)


def _judge_done(facts: RehearsalFacts, plan: PlanContent, backup_method: str) -> Condition:
    name = "Rehearsed"
    if facts.has_passed:
        times = "once" if facts.number == 1 else f"{facts.number} times"
        return Condition(
            Gate.REHEARSAL, name, True, f"The plan came to its end {times} on a copy restored from the backup.", ""
        )
    if facts.is_working:
        words, mend = "The plan is being rehearsed.", "Wait until that is done."
        return Condition(Gate.REHEARSAL, name, False, words, mend, working=True)
    if facts.error:
        return Condition(
            Gate.REHEARSAL,
            name,
            False,
            f"The rehearsal did not come to its end: {facts.error}",
            "Mend what it names, then make a new plan, or rehearse again.",
        )
    if backup_method and backup_method != "dump":
        return Condition(
            Gate.REHEARSAL,
            name,
            False,
            "A plan can only be rehearsed on a backup that the dashboard took.",
            "Take one.",
        )
    words = f"The plan was not rehearsed on this backup of {plan.environment}."
    if not backup_method:
        return Condition(Gate.REHEARSAL, name, False, words, "It begins by itself once the backup is proven.")
    return Condition(Gate.REHEARSAL, name, False, words, "Rehearse it.")


def _say_within(facts: RehearsalFacts, policy: RehearsalPolicy) -> str:
    if policy.max_lock is None and policy.max_rewrite is None:
        return "No budget is set."
    parts = []
    if policy.max_lock is not None:
        held = _duration(facts.longest_lock.seconds) if facts.longest_lock else "not at all"
        parts.append(f"a lock that keeps others out was held for {held} of {policy.max_lock.total_seconds():g} s")
    if policy.max_rewrite is not None:
        parts.append(f"{_size(facts.rewritten)} of {_size(policy.max_rewrite)} were rewritten")
    return f"Within budget: {', '.join(parts)}."


def _duration(seconds: float) -> str:
    """Two digits that count where it is short, so that it never reads as nothing."""
    if seconds < 0.001:
        return "under 0.001 s"
    return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"


def _size(number: int) -> str:
    for unit, length in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if number >= length:
            return f"{number / length:.1f} {unit}".replace(".0 ", " ")
    return f"{number} bytes"
