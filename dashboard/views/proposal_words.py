"""How a proposed revision file looks: its badge, and its SQL with what was found in it."""

from __future__ import annotations

from typing import Any

from dashboard.database_target import Dialect
from dashboard.models import RevisionProposal
from dashboard.usecases.sql_script import is_incomplete, lines_before
from dashboard.usecases.write_revision_sql import sql_from_json
from dashboard.views.badges import Badge
from dashboard.views.findings import MARKS, sql_lines
from dashboard.views.revision_sql import FoundView

State = RevisionProposal.State
_BADGES: dict[str, Badge] = {
    State.QUEUED: Badge("waiting", "waits for a worker"),
    State.WORKING: Badge("running", "being prepared"),
    State.READY: Badge("pending", "to be reviewed"),
    State.UNCHANGED: Badge("current", "nothing differs"),
    State.FAILED: Badge("failed", "failed"),
    State.WRITTEN: Badge("current", "written"),
    State.DISCARDED: Badge("waiting", "discarded"),
}


def badge_of_proposal(state: str) -> Badge:
    """How far it is."""
    return _BADGES[state]


def view_sql(proposal: RevisionProposal) -> dict[str, Any]:
    """What _proposal_sql.html shows; without SQL only that there is none."""
    if not proposal.sql:
        return {"has_sql": False}
    reading = sql_from_json(Dialect(proposal.dialect), proposal.sql)
    before = lines_before(reading.pieces)
    found = [FoundView(f.rule, f.message, MARKS[f.level], before[f.position] + f.line) for f in reading.findings]
    return {
        "has_sql": True,
        "found": found,
        "sql_lines": sql_lines(reading, [(view.line, view.mark) for view in found]),
        "sql_total": sum(piece.text.count("\n") for piece in reading.pieces),
        "sql_is_incomplete": is_incomplete(reading.pieces),
    }
