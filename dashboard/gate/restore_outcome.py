"""How a restore ended, judged by which database answers under the environment's name, and by what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.gate.outcome import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class RestoreEvidence:
    """What was seen once nobody worked at the restore any more."""

    identity: str
    """Of the database that answers now; empty: it could not be read."""
    identity_before: str
    identity_restored: str
    """Of the database made from the backup; empty: it never came so far."""
    rows: tuple[str, ...] | None
    """None: the version table could not be read."""
    rows_wanted: tuple[str, ...]
    """The backup's."""
    schema: str
    schema_restored: str
    """Digests, the second taken before the swap; empty: not known."""
    compared: str
    """What comparing the restored database with the backup's snapshot found, before the swap."""
    replaced: str
    """The name under which the replaced database is kept."""


def judge_restore_outcome(evidence: RestoreEvidence) -> Verdict:
    """Total over every combination of evidence."""
    if not evidence.identity or evidence.rows is None:
        return Verdict(None, ("The database could not be read since the run ended.",))
    if evidence.identity == evidence.identity_before:
        return Verdict(Outcome.UNCHANGED, ("The environment's name leads to the same database as before.",))
    if not evidence.identity_restored or evidence.identity != evidence.identity_restored:
        words = "The environment's name leads to a database that is neither the one from before nor the restored one."
        return Verdict(Outcome.INDETERMINATE, (words,))
    is_equal = sorted(evidence.rows) == sorted(evidence.rows_wanted) and evidence.schema == evidence.schema_restored
    return Verdict(
        Outcome.SUCCEEDED if is_equal and evidence.schema else Outcome.INDETERMINATE,
        (
            "The environment's name leads to the restored database.",
            evidence.compared,
            _rows_sentence(evidence.rows, evidence.rows_wanted),
            _schema_sentence(evidence.schema, evidence.schema_restored),
            f"The replaced database is kept as {evidence.replaced}.",
        ),
    )


def _rows_sentence(rows: Sequence[str], wanted: Sequence[str]) -> str:
    held = ", ".join(rows) or "no revision"
    if sorted(rows) == sorted(wanted):
        return f"The version table holds {held}, as the backup does."
    return f"The version table holds {held}; the backup holds {', '.join(wanted) or 'no revision'}."


def _schema_sentence(schema: str, restored: str) -> str:
    if not schema or not restored:
        return "The schema was not compared after the swap."
    if schema == restored:
        return "The schema digest is that of the restored database before the swap."
    return "The schema digest is not that of the restored database before the swap: somebody has changed it since."
