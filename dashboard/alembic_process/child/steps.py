"""Alembic's steps, and that they are the confirmed ones."""

from __future__ import annotations

import inspect
from typing import Any

from dashboard.alembic_process.child.events import ONE_RUN_ONE_DATABASE, Refused


def confirmed_steps(action: str, request: dict[str, Any], script: Any, rows: tuple[str, ...]) -> list[Any]:
    """(revision id, Alembic's step) in the confirmed order. Refused where Alembic would run other revisions."""
    if action == "stamp":
        return _stamp_steps(request, script, rows)
    if action == "downgrade":
        steps = script._downgrade_revs(destination(request), rows)
    else:
        steps = script._upgrade_revs(tuple(request["target"]), rows)
    found = {step.revision.revision: step for step in steps}
    confirmed = request["steps"]
    if sorted(found) != sorted(confirmed) or len(found) != len(steps):
        way = (", ".join(found), ", ".join(confirmed))
        raise Refused("Alembic would run %s, not the confirmed %s." % way)
    # Where a revision has several dependencies, Alembic's own order differs from process to process.
    return [(revision, found[revision]) for revision in confirmed]


def _stamp_steps(request: dict[str, Any], script: Any, rows: tuple[str, ...]) -> list[Any]:
    """From the rows to exactly `result`, in one statement where one row makes room for another.

    Alembic's own would ask its script directory for the rows, which may lack them.
    """
    from alembic.runtime.migration import StampStep

    written = list(request["steps"])
    removed = [row for row in rows if row not in request["result"]]
    if sorted(written) != sorted(set(request["result"]) - set(rows)):
        raise Refused("The rows to write are not those that were confirmed. Make a new plan.")
    for revision in written:
        if script.get_revision(revision).revision != revision:
            raise Refused("%s is no whole revision id." % revision)
    known = script.revision_map
    if not written:
        return [("", StampStep(row, None, False, True, known)) for row in removed]
    steps = [(revision, StampStep(None, revision, True, True, known)) for revision in written]
    if removed:
        steps[0] = (written[0], StampStep(removed, written[0], True, False, known))
    return steps


def destination(request: dict[str, Any]) -> Any:
    """As Alembic's commands pass it: one text where there is one."""
    target = tuple(request["target"])
    return target[0] if len(target) == 1 else target or "base"


def refuse_several_databases(revision: str, step: Any) -> None:
    """The multidb template's functions want the name of an engine."""
    parameters = inspect.signature(step.migration_fn).parameters.values()
    if any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise Refused("Revision %s is written for several databases (multidb). %s" % (revision, ONE_RUN_ONE_DATABASE))
