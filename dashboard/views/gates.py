"""The gates of a plan as the page shows them: what each says, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat

from dashboard.gate.condition import Condition, Gate
from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction
from dashboard.templatetags.marks import fingerprint
from dashboard.usecases.review_plan import PlanReview
from dashboard.views.moments import say_duration

_TITLES = {Gate.CHANGES: "Changes", Gate.BACKUP: "Backup", Gate.CONFIRM: "Confirm"}
_TONES = {"passed": "current", "working": "running", "open": "pending", "closed": "waiting"}


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate. `state`: passed, working (a backup is being taken), open (a person's turn) or closed."""

    gate: Gate
    number: int
    state: str
    verdict: str
    conditions: tuple[Condition, ...]

    @property
    def title(self) -> str:
        """As people call it."""
        return _TITLES[self.gate]

    @property
    def tone(self) -> str:
        """Glyph and colour."""
        return _TONES[self.state]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a backup's proof. `state`: done, working or waiting."""

    name: str
    fact: str
    state: str

    @property
    def tone(self) -> str:
        """Glyph and colour."""
        return {"done": "current", "working": "running", "waiting": "waiting"}[self.state]


def list_gates(review: PlanReview) -> tuple[GateView, ...]:
    """In the order in which a person passes them. The last is open only when every condition holds."""
    by_gate = {gate: tuple(c for c in review.conditions if c.gate is gate) for gate in Gate}
    missing = sum(not condition.met for condition in review.conditions)
    return (
        _gate(Gate.CHANGES, 1, by_gate[Gate.CHANGES], _say_changes(review.plan)),
        _backup_gate(review.backup, by_gate[Gate.BACKUP]),
        GateView(
            Gate.CONFIRM,
            3,
            "closed" if missing else "open",
            f"closed: {missing} thing{'s' if missing > 1 else ''} missing" if missing else "open: your turn",
            by_gate[Gate.CONFIRM],
        ),
    )


def _say_changes(plan: Plan) -> str:
    if plan.direction == Direction.STAMP:
        return "only the version table changes"
    number = len(plan.steps)
    return f"{number} revision{'' if number == 1 else 's'} read and pinned"


def list_missing(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """What keeps the plan from being confirmed."""
    return tuple(condition for condition in conditions if not condition.met)


def list_rungs(backup: Backup, now: datetime) -> tuple[Rung, ...]:
    """How far a backup taken by the dashboard is proven. Restoring it is no part of it yet, and is not claimed."""
    if backup.state == Backup.State.FAILED:
        return ()
    written = backup.size or backup.bytes_written
    if not backup.sha256:
        elapsed = say_duration((now - backup.created_at).total_seconds())
        return (
            Rung("size", f"{filesizeformat(written)} so far, {elapsed}", "working"),
            Rung("sha256", "waiting", "waiting"),
            Rung("read through", "waiting", "waiting"),
        )
    read = Rung("read through", "being read", "working")
    if backup.read_through_at:
        read = Rung("read through", f"{say_duration(backup.read_seconds or 0)}, no error", "done")
    return (
        Rung("size", filesizeformat(written), "done"),
        Rung("sha256", f"{fingerprint(backup.sha256)} …", "done"),
        read,
    )


def say_what_if_it_fails(server: str, backup: Backup | None) -> str:
    """Said beside the button, since it is asked there."""
    way_back = f"Backup {backup.pk} holds the database as it was before." if backup else ""
    if server.startswith("PostgreSQL"):
        return (
            "On PostgreSQL the revisions run in one transaction, unless the project's env.py or a revision says "
            "otherwise: then those before the failure stay applied. The run page tells which, from the database "
            f"itself. {way_back}"
        )
    return (
        "SQLite commits some statements on their own, so a failure can leave a revision half applied. "
        f"The run page tells what is known, from the database itself. {way_back}"
    )


def _gate(gate: Gate, number: int, conditions: tuple[Condition, ...], passed: str) -> GateView:
    missing = [condition for condition in conditions if not condition.met]
    if missing:
        return GateView(gate, number, "closed", f"closed: {missing[0].words}", conditions)
    return GateView(gate, number, "passed", f"passed: {passed}", conditions)


def _backup_gate(backup: Backup | None, conditions: tuple[Condition, ...]) -> GateView:
    if backup is not None and backup.state == Backup.State.PREPARING:
        return GateView(Gate.BACKUP, 2, "working", "being taken and read through", conditions)
    is_attested = backup is not None and backup.method == Backup.Method.ATTEST
    return _gate(Gate.BACKUP, 2, conditions, "attested, not proven here" if is_attested else "read, not restored")
