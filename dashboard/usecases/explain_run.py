"""What a run's outcome means, in words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import Replacement, Run, RunStep
from dashboard.revisions.plan import Direction
from dashboard.usecases.next_steps import NextStep, list_next_steps

__all__ = ["NextStep", "RunExplanation", "explain_run"]
_DONE = {
    "upgrade": "applied",
    "downgrade": "reverted",
    "stamp": "stamped",
    "start_fresh": "reverted and applied",
    "restore": "restored",
}
_NAMES = {
    "upgrade": "upgrade",
    "downgrade": "downgrade",
    "stamp": "stamp",
    "start_fresh": "start",
    "restore": "restore",
}


@dataclass(frozen=True)
class RunExplanation:
    """Title and text of the outcome, how it is known, and what to do next, the likeliest first.

    `detail`: what the run left as its last word, mostly an error.
    """

    title: str
    text: str
    detail: str
    evidence: tuple[str, ...]
    next_steps: tuple[NextStep, ...]


def explain_run(run: Run) -> RunExplanation:
    """For an unsettled or a settled run."""
    title, text = _title_and_text(run)
    return RunExplanation(title, text, run.detail, tuple(run.evidence), tuple(list_next_steps(run)))


def _title_and_text(run: Run) -> tuple[str, str]:
    if run.phase == Run.Phase.UNSETTLED:
        return (
            "It is not known yet how the run ended",
            "The dashboard keeps looking and settles it as soon as the database can tell.",
        )
    return _of_outcome(run)


def _of_outcome(run: Run) -> tuple[str, str]:
    where, name = run.environment, _NAMES[run.confirmation.plan.direction]
    match Run.Outcome(run.outcome):
        case Run.Outcome.SUCCEEDED if run.confirmation.plan.direction == Direction.RESTORE:
            return f"{where} is restored from backup {run.confirmation.backup_id}", _restored_text(run)
        case Run.Outcome.INDETERMINATE if run.confirmation.plan.direction == Direction.RESTORE:
            return f"{where} is not what it should be after the restore", "Others may have changed it since."
        case Run.Outcome.SUCCEEDED:
            return f"{where} is at the target", _succeeded_text(run)
        case Run.Outcome.UNCHANGED:
            return f"{where} did not change", "The version table did not change: nothing was committed."
        case Run.Outcome.ROLLED_BACK if others_changed(run):
            return (
                f"The {name} {_verb(run)} and was rolled back; somebody else changed {where} meanwhile",
                f"Nothing of this run is left. {where} is at {_rows(run)} now, which somebody else brought about.",
            )
        case Run.Outcome.ROLLED_BACK:
            return f"The {name} {_verb(run)} and {where} was rolled back", "Nothing of it is left."
        case Run.Outcome.PARTIAL:
            return f"The {name} stopped part-way: {where} is at {_rows(run)}", _partial_text(run)
        case Run.Outcome.INDETERMINATE:
            return (
                f"The {name} {_verb(run)}, and {where} may hold a part of a revision",
                "What is in the database is not what the version table says, or cannot be compared with it.",
            )
        case Run.Outcome.REFUSED if run.cause == Run.Cause.CANCELLED:
            return "The run was cancelled. Nothing was changed", ""
        case _:
            return "The run was refused. Nothing was changed", ""


def others_changed(run: Run) -> bool:
    """The rows are others than before, though the run's own work was undone."""
    return run.rows_after is not None and sorted(run.rows_after) != sorted(run.rows_before or [])


def _verb(run: Run) -> str:
    return "was cancelled" if run.cause == Run.Cause.CANCELLED else "failed"


def _restored_text(run: Run) -> str:
    found = Replacement.objects.filter(run=run).first()
    left = " ".join(found.left) if found else ""
    return f"Clients connect to the restored database under the old name. {left}".strip()


def _succeeded_text(run: Run) -> str:
    plan = run.confirmation.plan
    total = len(plan.steps)
    return f"{total} revision{'' if total == 1 else 's'} {_DONE[plan.direction]}." if total else ""


def _partial_text(run: Run) -> str:
    total = len(run.confirmation.plan.steps)
    done = run.steps.filter(state=RunStep.State.APPLIED).count()
    word = _DONE[run.confirmation.plan.direction]
    return f"{done} of {total} revisions are {word} and committed; the rest is still to be done."


def _rows(run: Run) -> str:
    return ", ".join(run.rows_after or []) or "no revision"
