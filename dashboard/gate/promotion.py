"""The order of environments: production gets only what those before it have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.gate.condition import Condition, Gate


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An environment named by `requires`, and which of the plan's revisions it lacks."""

    environment: str
    known: bool
    """Its database could be read, not too long ago."""
    lacks: tuple[str, ...]


def judge_promotion(predecessors: Sequence[Predecessor]) -> tuple[Condition, ...]:
    """One condition for each required environment."""
    return tuple(_judge(predecessor) for predecessor in predecessors)


def _judge(predecessor: Predecessor) -> Condition:
    name = predecessor.environment
    if not predecessor.known:
        words, mend = (
            f"It is not known what {name} has.",
            f"Read {name} again, and mend what keeps it from being read.",
        )
    elif predecessor.lacks:
        words = f"{name} does not have {', '.join(predecessor.lacks)} yet."
        mend = f"Upgrade {name} first."
        return Condition(Gate.CONFIRM, "Promotion", False, words, mend, environment=name)
    else:
        return Condition(Gate.CONFIRM, "Promotion", True, f"{name} has all of these revisions.", "")
    return Condition(Gate.CONFIRM, "Promotion", False, words, mend)
