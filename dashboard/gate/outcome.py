"""How a run ended, judged from evidence alone. The child's exit code is not part of it.

"Rolled back" is said only where it is proven, on a database whose DDL is transactional: the rows and the schema digest
are as before and nothing was committed on the way; or, where somebody else changed the version table meanwhile, the run
never sent a COMMIT.
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
    steps_committing: int | None = None
    """How many revisions the child had begun when it last sent a COMMIT; None: it is not known."""
    left_transaction: bool = False
    """A revision used an autocommit block, or committed by a statement: what it did may stay on its own."""
    transactional_ddl: bool = True
    """The child said that a failed revision takes its DDL back with it."""
    is_beyond_target: bool = False
    """The rows afterwards hold everything planned, and later revisions as well."""
    invalid_indexes: tuple[str, ...] = ()
    """Those that were valid, or not there, before."""

    @property
    def committed_at_most(self) -> int | None:
        """So many revisions the run itself can have put there; None: that cannot be told."""
        return None if self.left_transaction else self.steps_committing

    @property
    def others_moved(self) -> bool:
        """The rows hold what the run itself cannot have committed."""
        at_most = self.committed_at_most
        if self.rows_after is None or at_most is None or self.child_finished:
            return self.is_beyond_target
        if sorted(self.rows_after) == sorted(self.rows_before):
            return False
        return self.is_beyond_target or self.steps_in_database is None or self.steps_in_database > at_most


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
    sentences = (
        _rows_sentence(evidence),
        *_others_sentences(evidence),
        *_schema_sentences(evidence),
        *_half_revision_sentences(evidence),
        *_index_sentences(evidence),
    )
    return Verdict(_settled_outcome(evidence), sentences)


def _settled_outcome(evidence: Evidence) -> Outcome:
    assert evidence.rows_after is not None
    if evidence.others_moved:
        return _outcome_beside_others(evidence)
    after = sorted(evidence.rows_after)
    if after == sorted(evidence.rows_target):
        return Outcome.SUCCEEDED
    if after == sorted(evidence.rows_before):
        return _outcome_with_rows_as_before(evidence)
    if evidence.steps_in_database is None or not 0 < evidence.steps_in_database < evidence.steps_total:
        return Outcome.INDETERMINATE
    return Outcome.INDETERMINATE if _may_hold_half_a_revision(evidence) else Outcome.PARTIAL


def _outcome_beside_others(evidence: Evidence) -> Outcome:
    """What became of the run's own work, where somebody else changed the version table meanwhile."""
    at_most = evidence.committed_at_most
    if evidence.is_beyond_target and (at_most is None or at_most >= evidence.steps_total):
        return Outcome.SUCCEEDED
    is_proof = evidence.dialect is Dialect.POSTGRESQL and evidence.transactional_ddl and not evidence.child_finished
    if not is_proof or at_most is None:
        return Outcome.INDETERMINATE
    if at_most == 0:
        return Outcome.ROLLED_BACK  # it never sent a COMMIT, and no session of it is left
    return Outcome.INDETERMINATE if evidence.steps_in_database is None else Outcome.PARTIAL


def _outcome_with_rows_as_before(evidence: Evidence) -> Outcome:
    schema_is_known = bool(evidence.schema_before and evidence.schema_after)
    schema_is_same = schema_is_known and evidence.schema_before == evidence.schema_after
    if (schema_is_known and not schema_is_same) or evidence.steps_committing:
        return Outcome.INDETERMINATE
    if evidence.steps_started == 0:
        return Outcome.UNCHANGED
    if not schema_is_same or evidence.dialect is not Dialect.POSTGRESQL or evidence.left_transaction:
        return Outcome.INDETERMINATE
    return Outcome.UNCHANGED if evidence.child_finished else Outcome.ROLLED_BACK


def _may_hold_half_a_revision(evidence: Evidence) -> bool:
    """SQLite commits DDL as it goes, so a revision that was begun and is not recorded may be there in part."""
    return evidence.dialect is Dialect.SQLITE and evidence.steps_started > (evidence.steps_in_database or 0)


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


def _others_sentences(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.others_moved:
        return ()
    at_most = evidence.committed_at_most
    if at_most is None or at_most >= evidence.steps_total:
        return ("Somebody else went on from there while the run ended.",)
    if at_most:
        return (
            f"This run can have committed {at_most} of {evidence.steps_total} revisions at most: somebody else changed "
            "the version table meanwhile.",
        )
    return (
        "This run never sent a COMMIT, so nothing of its own transaction stayed: somebody else changed the version "
        "table meanwhile.",
    )


def _half_revision_sentences(evidence: Evidence) -> tuple[str, ...]:
    begun_only = evidence.steps_started - (evidence.steps_in_database or 0)
    if evidence.child_finished or not evidence.steps_in_database or begun_only < 1:
        return ()
    if evidence.dialect is Dialect.SQLITE:
        return ("The next revision was begun, and SQLite commits DDL as it goes: a part of it may be there.",)
    if evidence.left_transaction:
        return ("The next revision was begun and worked outside the transaction: a part of it may be there.",)
    return ()


def _schema_sentences(evidence: Evidence) -> tuple[str, ...]:
    if not (evidence.schema_before and evidence.schema_after):
        return ("The schema was not compared.",)
    if evidence.schema_before == evidence.schema_after:
        if evidence.steps_committing and sorted(evidence.rows_after or ()) == sorted(evidence.rows_before):
            return ("The schema is as before, but something was committed meanwhile and may have changed rows.",)
        if evidence.dialect is Dialect.SQLITE and evidence.steps_started:
            return ("The schema is as before, but on SQLite rows may have been changed outside a transaction.",)
        if evidence.left_transaction:
            return (
                "The schema is as before, but a revision worked outside the transaction and may have changed rows.",
            )
        return ("The schema digest is the same as before the run.",)
    if evidence.steps_committing and sorted(evidence.rows_after or ()) == sorted(evidence.rows_before):
        return ("A revision committed before its end, and the schema changed during the run.",)
    return ("The schema changed during the run.",)


def _index_sentences(evidence: Evidence) -> tuple[str, ...]:
    return tuple(f"The index {name} is invalid." for name in evidence.invalid_indexes)
