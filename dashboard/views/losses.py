"""What a plan would take away, with the rows that a worker counted."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import Plan


@dataclass(frozen=True, slots=True)
class LossView:
    """A table or a column. `count`: `1,234 rows`, or why it is not known."""

    revision: str
    name: str
    kind: str
    count: str


def list_losses(plan: Plan) -> tuple[LossView, ...]:
    """In the order of the steps; what two revisions drop stands twice."""
    if not plan.losses:
        return ()
    counts = {(c["schema"], c["table"], c["column"]): c for c in plan.row_counts}
    return tuple(
        LossView(
            revision=loss["revision"],
            name=".".join(filter(None, (loss["schema"], loss["table"], loss["column"]))),
            kind="column" if loss["column"] else "table",
            count=_say_count(plan, loss["column"], counts.get((loss["schema"], loss["table"], loss["column"]))),
        )
        for loss in plan.losses
    )


def is_counting(plan: Plan) -> bool:
    """A worker has not counted yet."""
    return bool(plan.losses) and plan.counted_at is None


def _say_count(plan: Plan, column: str, count: dict[str, object] | None) -> str:
    if plan.counted_at is None:
        return "being counted"
    if count is None:
        return "not counted"
    rows = count["rows"]
    if not isinstance(rows, int):
        return str(count["detail"])
    noun = ("value" if column else "row") + ("" if rows == 1 else "s")
    return f"about {rows:,} {noun} (the server's estimate)" if count["is_estimate"] else f"{rows:,} {noun}"
