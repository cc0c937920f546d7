"""A plan in words: what it is called, what its button says, what it would do to the version table."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.models import Plan
from dashboard.revisions.plan import Action, Direction

_VERBS = {
    Direction.UPGRADE: "Upgrade",
    Direction.DOWNGRADE: "Downgrade",
    Direction.STAMP: "Stamp",
    Direction.START_FRESH: "Start fresh",
    Direction.RESTORE: "Restore",
}
_DONE = {
    Direction.UPGRADE: "upgraded",
    Direction.DOWNGRADE: "downgraded",
    Direction.STAMP: "stamped",
    Direction.START_FRESH: "started fresh",
    Direction.RESTORE: "restored",
}
_TRIED = {
    Direction.UPGRADE: "tried to upgrade",
    Direction.DOWNGRADE: "tried to downgrade",
    Direction.STAMP: "tried to stamp",
    Direction.START_FRESH: "tried to start fresh",
    Direction.RESTORE: "tried to restore",
}


def say_verb(plan: Plan) -> str:
    """`Upgrade`, `Downgrade`, `Stamp`, `Start fresh` or `Restore`."""
    return _VERBS[Direction(plan.direction)]


def say_participle(plan: Plan) -> str:
    """`upgraded`, `started fresh`: what is done to the environment."""
    return _DONE[Direction(plan.direction)]


def say_amount(plan: Plan) -> str:
    """`by 2 revisions`, or `reverting 3, applying 5 revisions`; of a stamp, `with r3`."""
    reverted = sum(step.get("action") == Action.DOWNGRADE for step in plan.steps)
    match Direction(plan.direction):
        case Direction.STAMP:
            return f"with {_names(plan.target) or 'base'}"
        case Direction.START_FRESH:
            return f"reverting {reverted}, applying {_revisions(len(plan.steps) - reverted)}"
        case Direction.RESTORE:
            return f"from backup {_names(plan.requested)}"
        case _:
            return f"by {_revisions(len(plan.steps))}"


def say_done(plan: Plan, *, succeeded: bool) -> str:
    """`downgraded by 1 revision`, for the past."""
    words = (_DONE if succeeded else _TRIED)[Direction(plan.direction)]
    return f"{words} {say_amount(plan)}" if plan.direction != Direction.START_FRESH else f"{words}, {say_amount(plan)}"


def say_noun(plan: Plan) -> str:
    """`an upgrade by 2 revisions`: what was planned, confirmed."""
    article = "an" if plan.direction == Direction.UPGRADE else "a"
    return f"{article} {say_kind(plan)} {say_amount(plan)}"


def say_kind(plan: Plan) -> str:
    """`upgrade`, `downgrade`, `stamp`, `fresh start` or `restore`."""
    return "fresh start" if plan.direction == Direction.START_FRESH else plan.direction


def say_button(plan: Plan) -> str:
    """What a person presses to start the run."""
    where = plan.environment
    match Direction(plan.direction):
        case Direction.UPGRADE:
            return f"Upgrade {where}: apply {_revisions(len(plan.steps))}"
        case Direction.DOWNGRADE:
            return f"Downgrade {where}: revert {_revisions(len(plan.steps))}"
        case Direction.STAMP:
            return f"Stamp {where} {say_amount(plan)}"
        case Direction.START_FRESH:
            return f"Start {where} fresh, {say_amount(plan)}"
        case Direction.RESTORE:
            return f"Restore {where} {say_amount(plan)}"


def say_what_it_does(plan: Plan) -> str:
    """Said above the steps; empty for an upgrade, of which the steps tell everything."""
    removed = [row for row in plan.current if row not in plan.result]
    match Direction(plan.direction):
        case Direction.STAMP:
            taken = f"{_names(removed)} {'is' if len(removed) == 1 else 'are'} removed" if removed else ""
            added = [row for row in plan.result if row not in plan.current]
            given = f"{_names(added)} {'is' if len(added) == 1 else 'are'} written" if added else ""
            return (
                f"Only the version table changes: {' and '.join(filter(None, (taken, given)))}. No revision is run and "
                "no table is touched. Whether the schema is what the revision expects is for you to know."
            )
        case Direction.DOWNGRADE:
            return f"Afterwards the version table holds {_names(plan.result) or 'no revision'}."
        case Direction.START_FRESH:
            return (
                "Everything is reverted to base. Once the version table is read to be empty, everything is applied "
                "again, in the same run. If applying fails, what was reverted stays reverted."
            )
        case Direction.RESTORE:
            return (
                "The backup is restored beside the database and compared with its snapshot. Only then it takes the "
                "database's place. The database that it replaces is kept until an operator deletes it. No revision is run."
            )
        case _:
            return ""


def _revisions(number: int) -> str:
    return "1 revision" if number == 1 else f"{number} revisions"


def _names(revisions: Sequence[str]) -> str:
    return ", ".join(revisions)
