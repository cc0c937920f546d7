"""What a run's outcome means and what to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import Backup, Run


@dataclass(frozen=True)
class NextStep:
    """One thing to do. `command`: to be copied; empty where there is none."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class RunExplanation:
    """Title and text of the outcome, how it is known, and what to do next, the likeliest first."""

    title: str
    text: str
    evidence: tuple[str, ...]
    next_steps: tuple[NextStep, ...]


def explain_run(run: Run) -> RunExplanation:
    """For an unsettled or a settled run."""
    title, text = _title_and_text(run)
    return RunExplanation(title, text, tuple(run.evidence), tuple(_next_steps(run)))


def _title_and_text(run: Run) -> tuple[str, str]:
    where, total = run.environment, len(run.confirmation.plan.steps)
    if run.phase == Run.Phase.UNSETTLED:
        return (
            "It is not known yet how the run ended",
            f"{run.detail} The dashboard keeps looking and settles it as soon as the database can tell.".strip(),
        )
    revisions = "1 revision" if total == 1 else f"{total} revisions"
    texts = {
        Run.Outcome.SUCCEEDED: (f"{where} is at the target", f"{revisions} applied."),
        Run.Outcome.UNCHANGED: (
            f"{where} did not change",
            "The version table did not change: no revision was applied.",
        ),
        Run.Outcome.ROLLED_BACK: (f"The upgrade failed and {where} was rolled back", "Nothing of it is left."),
        Run.Outcome.PARTIAL: (f"The upgrade stopped part-way: {where} is at {_rows(run)}", _partial_text(run, total)),
        Run.Outcome.INDETERMINATE: (
            f"The upgrade failed, and {where} may hold a part of a revision",
            "What is in the database is not what the version table says, or cannot be compared with it.",
        ),
        Run.Outcome.REFUSED: ("The run was refused. Nothing was changed", ""),
    }
    title, text = texts[Run.Outcome(run.outcome)]
    return title, f"{text} {run.detail}".strip()


def _partial_text(run: Run, total: int) -> str:
    applied = run.steps.filter(state="applied").count()
    return f"{applied} of {total} revisions are applied and committed; the rest is still pending."


def _rows(run: Run) -> str:
    return ", ".join(run.rows_after or []) or "no revision"


def _next_steps(run: Run) -> list[NextStep]:
    if run.phase == Run.Phase.UNSETTLED:
        return [NextStep("Wait: a statement of the run may still be working. Nothing else can start meanwhile.")]
    again = NextStep("Make a new plan: it starts from what the database holds now.")
    mend = NextStep("Mend what the log names: the data, or the revision that failed.")
    match Run.Outcome(run.outcome):
        case Run.Outcome.SUCCEEDED:
            return [NextStep("Check by hand, if you like.", "alembic current")]
        case Run.Outcome.REFUSED:
            return [again]
        case Run.Outcome.UNCHANGED:
            return [
                NextStep("Look at the log: env.py may have ended early, or its transaction was not committed."),
                again,
            ]
        case Run.Outcome.ROLLED_BACK:
            return [mend, again]
        case Run.Outcome.PARTIAL:
            return [mend, *_invalid_indexes(run), again, _restore(run)]
        case _:
            return [
                _restore(run),
                NextStep("Or compare the schema with the revision that failed, and finish or undo it by hand."),
            ]


def _invalid_indexes(run: Run) -> list[NextStep]:
    names = [
        s.removeprefix("The index ").removesuffix(" is invalid.") for s in run.evidence if s.endswith(" is invalid.")
    ]
    return [NextStep(f"Drop the invalid index {name}.", f"DROP INDEX CONCURRENTLY {name};") for name in names]


def _restore(run: Run) -> NextStep:
    backup = run.confirmation.backup
    if backup.method == Backup.Method.ATTEST:
        return NextStep(f"Or restore backup {backup.pk}, which is kept at: {backup.where}.")
    command = _restore_command(backup)
    return NextStep(f"Or restore backup {backup.pk} by hand, with nobody connected.", command)


def _restore_command(backup: Backup) -> str:
    if backup.path.endswith((".db", ".sqlite3", ".sqlite")):
        return f"cp {backup.path} DATABASE_FILE"
    return f"createdb RESTORED && pg_restore --exit-on-error --dbname RESTORED {backup.path}"
