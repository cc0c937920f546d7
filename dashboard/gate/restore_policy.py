"""What must hold before a backup may take a database's place, beside what holds for every run.

It asks for no backup of the database as it is now. What is replaced is kept, whole, until an operator deletes it: a
second copy of it would prove less and cost as much again. So the backup of the gate is the one that is restored, and its
age is no fault.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.gate.condition import Condition, Gate

KEPT = "The database as it is now is kept beside it until an operator deletes it, so no other backup is asked for."


def judge_restore(*, is_surveyed: bool, obstacles: Sequence[str]) -> tuple[Condition, ...]:
    """`obstacles`: sentences with their mends, from a worker's look at the server."""
    if not is_surveyed:
        words = "What would be lost, and whether the server lets it be done, is still being looked at."
        return (Condition(Gate.CHANGES, "Possible", False, words, "Wait for a worker to have done it.", working=True),)
    if obstacles:
        return (
            Condition(Gate.CHANGES, "Possible", False, " ".join(obstacles), "Once that is mended, make a new plan."),
        )
    words = "What would be lost is counted, and nothing was found in the way."
    return (Condition(Gate.CHANGES, "Possible", True, words, ""),)
