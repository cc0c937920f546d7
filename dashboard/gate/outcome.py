"""How a run ended, judged from evidence alone. The child's exit code is not part of it.

"Rolled back" is said only where it is proven: the rows and the schema digest are as before, on a database whose DDL is
transactional, and nothing was committed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dashboard.database_target import Dialect


class Outcome(StrEnum):
    """What became of the database."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"
    PARTIAL = "partial"
    INDETERMINATE = "indeterminate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen once the child was gone."""

    dialect: Dialect
    live_sessions: int
    """Sessions of the run that the database still has; -1: it could not be asked."""
    rows_before: tuple[str, ...]
    rows_target: tuple[str, ...]
    rows_after: tuple[str, ...] | None
    """None: the version table could not be read."""
    schema_before: str
    schema_after: str
    """Schema digests; empty: not known."""
    steps_total: int
    steps_started: int
    """How many revisions the child said it began."""
    steps_in_database: int | None
    """How many of the plan's revisions, from the first on, the rows afterwards hold; None: they are other rows."""
    child_finished: bool
    """The child came to its end and said so; true also where env.py swallowed an error or never committed."""
    left_transaction: bool = False
    """A revision used an autocommit block: something may have been committed on its own."""
    invalid_indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` None: not known yet, the run is unsettled. `evidence`: sentences for "How we know"."""

    outcome: Outcome | None
    evidence: tuple[str, ...]


def judge_outcome(evidence: Evidence) -> Verdict:
    """Total over every combination of evidence."""
    if evidence.live_sessions:
        return Verdict(None, (_sessions_sentence(evidence.live_sessions),))
    if evidence.rows_after is None:
        return Verdict(None, ("The version table could not be read since the run ended.",))
    sentences = (_rows_sentence(evidence), *_schema_sentences(evidence), *_index_sentences(evidence))
    return Verdict(_settled_outcome(evidence), sentences)


def _settled_outcome(evidence: Evidence) -> Outcome:
    assert evidence.rows_after is not None
    after = sorted(evidence.rows_after)
    if after == sorted(evidence.rows_target):
        return Outcome.SUCCEEDED
    if after == sorted(evidence.rows_before):
        return _outcome_with_rows_as_before(evidence)
    if evidence.steps_in_database is not None and 0 < evidence.steps_in_database < evidence.steps_total:
        return Outcome.PARTIAL
    return Outcome.INDETERMINATE


def _outcome_with_rows_as_before(evidence: Evidence) -> Outcome:
    schema_is_known = bool(evidence.schema_before and evidence.schema_after)
    schema_is_same = schema_is_known and evidence.schema_before == evidence.schema_after
    if schema_is_known and not schema_is_same:
        return Outcome.INDETERMINATE
    if evidence.steps_started == 0:
        return Outcome.UNCHANGED
    if not schema_is_same or evidence.dialect is not Dialect.POSTGRESQL or evidence.left_transaction:
        return Outcome.INDETERMINATE
    return Outcome.UNCHANGED if evidence.child_finished else Outcome.ROLLED_BACK


def _sessions_sentence(number: int) -> str:
    if number < 0:
        return "The database could not be asked whether a session of the run is still alive."
    return f"{number} session{'s' if number > 1 else ''} of the run still live{'s' if number == 1 else ''} in the database."


def _rows_sentence(evidence: Evidence) -> str:
    rows = ", ".join(evidence.rows_after or ()) or "no revision"
    if sorted(evidence.rows_after or ()) == sorted(evidence.rows_target):
        return f"The version table holds {rows}, which is the target."
    if sorted(evidence.rows_after or ()) == sorted(evidence.rows_before):
        return f"The version table did not change: it holds {rows}."
    if evidence.steps_in_database:
        return f"The version table holds {rows}: {evidence.steps_in_database} of {evidence.steps_total} revisions."
    return f"The version table holds {rows}, which is neither what was there before nor a revision of the plan."


def _schema_sentences(evidence: Evidence) -> tuple[str, ...]:
    if not (evidence.schema_before and evidence.schema_after):
        return ("The schema was not compared.",)
    if evidence.schema_before == evidence.schema_after:
        if evidence.dialect is Dialect.SQLITE and evidence.steps_started:
            return ("The schema is as before, but on SQLite rows may have been changed outside a transaction.",)
        if evidence.left_transaction:
            return (
                "The schema is as before, but a revision worked outside the transaction and may have changed rows.",
            )
        return ("The schema digest is the same as before the run.",)
    return ("The schema digest differs from before the run.",)


def _index_sentences(evidence: Evidence) -> tuple[str, ...]:
    return tuple(f"The index {name} is invalid." for name in evidence.invalid_indexes)
