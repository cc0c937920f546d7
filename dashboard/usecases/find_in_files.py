"""What the files of revisions say of data that goes, where Alembic could not write their SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from dashboard.findings.finding import Finding
from dashboard.gate.finding_policy import Level
from dashboard.revisions.losses import Loss
from dashboard.revisions.plan import Action, PlanStep
from dashboard.sources.configuration import Project
from dashboard.sources.downgrade_function import read_losses
from dashboard.sources.files import DiskFiles, read_one
from dashboard.sources.revision_file import decode

_FUNCTIONS = {Action.UPGRADE: "upgrade", Action.DOWNGRADE: "downgrade"}


def find_in_files(
    project: Project, steps: Sequence[PlanStep], positions: Iterable[int], known: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    """Of the steps at these positions (from 1): tables and columns that their functions drop, by the syntax tree.

    `known`: what was found in SQL that stands in for theirs; a rule that spoke there need not be told again. The
    position in the text is that of the step's beginning: there is no SQL to point at. Runs nothing.
    """
    told = {(finding.position, finding.rule) for finding in known}
    found = (finding for position in positions for finding in _of_step(project, steps[position - 1], position))
    return tuple(finding for finding in found if (finding.position, finding.rule) not in told)


def _of_step(project: Project, step: PlanStep, position: int) -> Iterator[Finding]:
    function = _FUNCTIONS.get(step.action)
    if function is None:
        return
    for loss in _losses(project, step, function):
        table = f"{loss.schema}.{loss.table}" if loss.schema else loss.table
        rule = "ban-drop-column" if loss.column else "ban-drop-table"
        goes = (
            f"{table}.{loss.column} goes, with its data in every row"
            if loss.column
            else (f"The table {table} goes, with every row of it")
        )
        yield Finding(
            position=position,
            revision=step.revision,
            rule=rule,
            level=Level.DESTRUCTIVE,
            line=1,
            statement=f"{function}: {table}.{loss.column}",
            message=f"{goes} (read in {step.path}, line {loss.line}).",
        )


def _losses(project: Project, step: PlanStep, function: str) -> tuple[Loss, ...]:
    """None where the file is not the planned one any more, or this Python cannot parse it: the gate tells both."""
    try:
        content = read_one(DiskFiles(), project.directory / step.path)
        if hashlib.sha256(content).hexdigest() != step.sha256:
            return ()
        return read_losses(step.revision, decode(content), function)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()
