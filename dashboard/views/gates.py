"""The gates of a plan as the page shows them: what each says, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboard.gate.condition import Condition, Gate
from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction
from dashboard.usecases.review_plan import PlanReview
from dashboard.views.badges import badge_of_backup
from dashboard.views.rehearsal_words import RehearsalView

_TITLES = {
    Gate.CHANGES: "Changes",
    Gate.BACKUP: "Backup",
    Gate.REHEARSAL: "Rehearsal",
    Gate.CONFIRM: "Confirm",
}
_TONES = {
    "passed": "current",
    "let-pass": "read",
    "working": "running",
    "open": "pending",
    "closed": "waiting",
    "optional": "waiting",
}


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate.

    `state`: passed, let-pass (by a person, though a condition does not hold), working (a worker is at it), open (a
    person's turn), closed, or optional: not asked for.
    """

    gate: Gate
    number: int
    state: str
    verdict: str
    conditions: tuple[Condition, ...]
    leads: bool = False
    """Its button is the filled one: the first thing that a person can do here."""

    @property
    def title(self) -> str:
        """As people call it."""
        return _TITLES[self.gate]

    @property
    def tone(self) -> str:
        """Glyph and colour."""
        return _TONES[self.state]

    @property
    def word(self) -> str:
        """The state, as people read it."""
        return self.state.replace("-", " ")


def list_gates(review: PlanReview, rehearsal: RehearsalView | None) -> tuple[GateView, ...]:
    """In the order in which a person passes them. The last is open only when every condition holds."""
    by_gate = {gate: tuple(c for c in review.conditions if c.gate is gate) for gate in Gate}
    missing = sum(not condition.met for condition in review.conditions)
    gates = (
        _gate(Gate.CHANGES, 1, by_gate[Gate.CHANGES], _say_changes(review.plan)),
        _backup_gate(review.backup, by_gate[Gate.BACKUP]),
        *(_rehearsal_gates(rehearsal, by_gate[Gate.REHEARSAL])),
        GateView(
            Gate.CONFIRM,
            4 if rehearsal else 3,
            "closed" if missing else "open",
            f"closed: {missing} thing{'s' if missing > 1 else ''} missing" if missing else "open: your turn",
            by_gate[Gate.CONFIRM],
        ),
    )
    leading = next((found.gate for found in gates if found.state == "closed" and _has_button(found)), None)
    return tuple(replace(found, leads=found.gate is leading) for found in gates)


def _has_button(found: GateView) -> bool:
    """Changes are mended elsewhere, except that findings are accepted here."""
    if found.gate is not Gate.CHANGES:
        return True
    return any(condition.name == "Findings" and condition.state == "missing" for condition in found.conditions)


def _say_changes(plan: Plan) -> str:
    if plan.direction == Direction.STAMP:
        return "only the version table changes"
    if plan.direction == Direction.RESTORE:
        return "what would be lost is counted"
    number = len(plan.steps)
    return f"{number} revision{'' if number == 1 else 's'} read and pinned"


def list_missing(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """What keeps the plan from being confirmed."""
    return tuple(condition for condition in conditions if not condition.met)


def say_what_if_it_fails(server: str, backup: Backup | None, direction: str) -> str:
    """Said beside the button, since it is asked there."""
    if direction == Direction.RESTORE:
        return (
            "Until the swap nothing of the environment is touched. The swap happens whole or not at all, and the run page "
            "tells which, from the database that answers. The database that is replaced is kept."
        )
    if direction == Direction.STAMP:
        return "The version table is written in one transaction: it changes as planned or not at all."
    way_back = _say_way_back(backup)
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


def _say_way_back(backup: Backup | None) -> str:
    if backup is None or backup.state not in {Backup.State.PREPARING, Backup.State.PROVEN}:
        return ""
    if backup.state == Backup.State.PREPARING:
        return f"Backup {backup.pk} will hold the database as it was before, once it is proven."
    return f"Backup {backup.pk} holds the database as it was before."


def gate_of_run_plan(plan: Plan) -> GateView:
    """A plan is run once; afterwards nothing of it is open or closed any more."""
    return GateView(Gate.CHANGES, 1, "optional", _say_changes(plan), ())


def _gate(gate: Gate, number: int, conditions: tuple[Condition, ...], passed: str) -> GateView:
    """What a person can do is named before what a worker does anyway."""
    missing = sorted((condition for condition in conditions if not condition.met), key=lambda found: found.working)
    if missing and missing[0].working:
        return GateView(gate, number, "working", _shorten(missing[0].words), conditions)
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        return GateView(gate, number, "closed", f"closed. {_shorten(missing[0].words)}{more}", conditions)
    by = next((condition.let_pass_by for condition in conditions if condition.let_pass_by), "")
    if by:
        return GateView(gate, number, "let-pass", f"let pass by {by}", conditions)
    return GateView(gate, number, "passed", f"passed: {passed}", conditions)


def _shorten(words: str) -> str:
    """What is missing without its list: that stands below the heading, word for word."""
    return words.partition(": ")[0].partition(". ")[0].removesuffix(".")


def _backup_gate(backup: Backup | None, conditions: tuple[Condition, ...]) -> GateView:
    if backup is not None and backup.state == Backup.State.PREPARING:
        return GateView(Gate.BACKUP, 2, "working", "being taken and proven", conditions)
    return _gate(Gate.BACKUP, 2, conditions, badge_of_backup(backup).word if backup else "")


def _rehearsal_gates(rehearsal: RehearsalView | None, conditions: tuple[Condition, ...]) -> tuple[GateView, ...]:
    if rehearsal is None:
        return ()
    if not rehearsal.is_asked:
        state = "working" if rehearsal.is_working else "optional"
        return (GateView(Gate.REHEARSAL, 3, state, rehearsal.verdict, conditions),)
    if rehearsal.is_working and rehearsal.summary is None:
        return (GateView(Gate.REHEARSAL, 3, "working", rehearsal.doing, conditions),)
    return (_gate(Gate.REHEARSAL, 3, conditions, rehearsal.duration),)
