"""What to do after a run, with statements to copy: the likeliest first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.database_target import Dialect
from dashboard.models import Backup, Run, RunStep
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.read_history import read_history
from dashboard.usecases.restore_by_hand import find_target, restore_command

_INVALID = ("The index ", " is invalid.")
AGAIN = "Make a new plan: it starts from what the database holds now."


@dataclass(frozen=True)
class NextStep:
    """One thing to do. `command`: to be copied; `restores`: the number of a backup to plan the restore of. Or neither."""

    text: str
    command: str = ""
    restores: int | None = None
    plans: str | None = None
    """The target of a new plan in the run's direction, as a form sends it; empty: the effective heads. None: no plan."""


def list_next_steps(run: Run) -> list[NextStep]:
    """For an unsettled or a settled run; never empty."""
    if run.phase == Run.Phase.UNSETTLED:
        return list(_while_unsettled(run))
    return list(_after(run))


def _while_unsettled(run: Run) -> Iterator[NextStep]:
    yield NextStep("Wait: a statement of the run may still be working. Nothing else can start meanwhile.")
    target = find_target(run.project, run.environment)
    for row in run.contention:
        if row["part"] != "left" or target is None:
            continue
        if target.dialect is Dialect.SQLITE:
            yield NextStep(f"Or end the process {row['pid']} that it left behind.", f"kill -9 {row['pid']}")
        else:
            yield NextStep(
                f"Or end session {row['pid']}: what its transaction did is rolled back then.",
                f"SELECT pg_terminate_backend({row['pid']});",
            )


def _after(run: Run) -> Iterator[NextStep]:
    mend = NextStep("Mend what the log names: the data, or the revision that failed.")
    was_cancelled = run.cause == Run.Cause.CANCELLED
    match Run.Outcome(run.outcome):
        case Run.Outcome.SUCCEEDED:
            yield NextStep("Check by hand, if you like.", "alembic current")
            if run.confirmation.plan.direction != Direction.RESTORE and _may_restore(run):
                backup = run.confirmation.backup_id
                yield NextStep(f"Only if something is wrong all the same: go back to backup {backup}.", restores=backup)
        case Run.Outcome.REFUSED:
            yield _again(run)
        case Run.Outcome.UNCHANGED if run.confirmation.plan.direction == Direction.RESTORE:
            yield _again(run)
        case Run.Outcome.UNCHANGED:
            yield NextStep("Look at the log: env.py may have ended early, or its transaction was not committed.")
            yield _again(run)
        case Run.Outcome.ROLLED_BACK:
            if not was_cancelled:
                yield mend
            yield _again(run)
        case Run.Outcome.PARTIAL:
            if not was_cancelled:
                yield mend
            yield from _drop_invalid_indexes(run)
            yield _again(run)
            yield from _finish_by_hand(run)
            yield _restore(run)
        case Run.Outcome.INDETERMINATE if run.confirmation.plan.direction == Direction.RESTORE:
            yield NextStep("Look at what the database holds: the replaced one is kept beside it.")
        case Run.Outcome.INDETERMINATE:
            yield from _drop_invalid_indexes(run)
            yield from _decide_about_half_a_revision(run)
            yield _restore(run)


def _again(run: Run) -> NextStep:
    """In the same direction, to the same revisions: what was asked for by `+1` leads elsewhere after a part of it."""
    plan = run.confirmation.plan
    rows = plan.requested if plan.direction == Direction.RESTORE else plan.target or ["base"]
    return NextStep(AGAIN, plans=" ".join(rows) if plan.requested else "")


def _drop_invalid_indexes(run: Run) -> Iterator[NextStep]:
    start, end = _INVALID
    for sentence in run.evidence:
        if sentence.startswith(start) and sentence.endswith(end):
            name = sentence.removeprefix(start).removesuffix(end)
            yield NextStep(f"Drop the invalid index {name}.", f"DROP INDEX CONCURRENTLY {name};")


def _finish_by_hand(run: Run) -> Iterator[NextStep]:
    plan = run.confirmation.plan
    target = " ".join(shlex.quote(row) for row in plan.target)
    if plan.direction in {"upgrade", "start_fresh"} and len(plan.target) == 1:
        yield NextStep("Or go on by hand, in the project's folder.", f"alembic upgrade {target}")
    if plan.direction == "downgrade" and len(plan.target) <= 1:
        yield NextStep("Or go on by hand, in the project's folder.", f"alembic downgrade {target or 'base'}")


def _decide_about_half_a_revision(run: Run) -> Iterator[NextStep]:
    """Of what was begun and is not recorded, a part may be there, or all."""
    begun = [step for step in run.steps.exclude(state=RunStep.State.WAITING) if not _is_recorded(run, step.revision)]
    if not begun or any(step.action != RunStep.Action.UPGRADE for step in begun):
        yield NextStep("Compare the schema with what the version table says, and mend by hand what differs.")
        return
    names = ", ".join(step.revision for step in begun)
    again = f"{AGAIN[0].lower()}{AGAIN[1:]}"
    is_schema_same = bool(run.schema_before) and run.schema_before == run.schema_after
    if is_schema_same:
        yield NextStep(f"The schema is as before, so at most rows differ: look at the rows that {names} writes.")
        yield NextStep(f"Where nothing of it is there, mend what the log names, then {again}")
    else:
        yield NextStep(f"Compare the schema with what was begun and is not recorded: {names}.")
    for step in begun:
        name = step.revision
        yield NextStep(f"Where everything that {name} does is there, record it.", f"alembic stamp {shlex.quote(name)}")
    if not is_schema_same:
        yield NextStep(f"Undo by hand whatever else is there of it, then {again}")


def _is_recorded(run: Run, revision: str) -> bool:
    """Whether the rows that were read afterwards hold the revision; an unknown project's hold what they name."""
    rows = run.rows_after or []
    try:
        project, _environment = find_environment(run.project, run.environment)
    except UnknownName:
        return revision in rows
    return revision in read_history(project).graph.ancestors(rows)


def _restore(run: Run) -> NextStep:
    backup = run.confirmation.backup
    if backup.method != Backup.Method.DUMP:
        return NextStep(f"Or restore backup {backup.pk}, which is kept at: {backup.where}.")
    if _may_restore(run):
        return NextStep(
            f"Or restore backup {backup.pk}. The plan tells first what was written since, which would be lost.",
            restores=backup.pk,
        )
    lost = " What others have written since is lost then."
    return NextStep(f"Or restore backup {backup.pk} by hand, with nobody connected.{lost}", restore_command(backup))


def _may_restore(run: Run) -> bool:
    """The environment allows it, and the backup is one that the dashboard can restore."""
    try:
        _project, environment = find_environment(run.project, run.environment)
    except UnknownName:
        return False
    backup = run.confirmation.backup
    is_whole = backup.method == Backup.Method.DUMP and backup.state == Backup.State.PROVEN
    return is_whole and Direction.RESTORE in environment.allow
