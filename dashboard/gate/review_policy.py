"""Whether the files of a plan have been read by a person."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.gate.condition import Condition, Gate

NAMED = 5


def judge_reviews(unreviewed: Sequence[str] | None) -> tuple[Condition, ...]:
    """`unreviewed`: revisions of the plan; None: the environment asks for no review."""
    if unreviewed is None:
        return ()
    if not unreviewed:
        return (Condition(Gate.CHANGES, "Reviewed", True, "Every revision file of the plan is reviewed.", ""),)
    more = f" and {len(unreviewed) - NAMED} more" if len(unreviewed) > NAMED else ""
    return (
        Condition(
            Gate.CHANGES,
            "Reviewed",
            False,
            f"Not reviewed: {', '.join(unreviewed[:NAMED])}{more}.",
            "Read each file on its revision's page, and mark it as reviewed there. An edit voids the mark.",
        ),
    )
