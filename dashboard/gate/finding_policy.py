"""Which findings a person must have accepted before a run may start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dashboard.gate.condition import Condition, Gate


class Level(StrEnum):
    """What a finding is about, worst first."""

    ERROR = "error"
    """The statement will fail, or does wherever the table has rows."""
    DESTRUCTIVE = "destructive"
    """Data goes."""
    NOT_UNDERSTOOD = "not_understood"
    """What it does could not be told from its text."""
    LOCKING = "locking"
    """Others wait: for a lock, a scan, or a table that is rewritten."""
    BREAKING = "breaking"
    """Code that is still running may need what goes or changes."""
    NOTE = "note"


ACCEPTED_BY_DEFAULT = frozenset({Level.ERROR, Level.DESTRUCTIVE})
"""The levels that ask for a person's word where dashboard.toml says nothing.

Not all of them: a question that comes with every second plan is answered without reading. What locks is a matter of
the table's size, which no text tells, and what is not understood is told beside the revision.
"""


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What is known of a plan's SQL."""

    looked: bool
    """A worker has written and read it, or has tried."""
    error: str
    """Why nothing could be written; then nothing is known of it."""
    number: int
    """Of all findings."""
    required: int
    """Of those that must be accepted."""
    open: int
    """Of those that must be accepted and are not."""


def judge_findings(facts: FindingFacts) -> Condition:
    """One condition; the findings themselves stand at their revisions. Where no SQL could be written, the findings are those of the revisions' files."""
    if not facts.looked:
        return _condition(
            False,
            "The SQL of this plan is still being written and looked through.",
            "Wait for a worker to have done it.",
            working=True,
        )
    if facts.open:
        number = facts.open
        return _condition(
            False,
            f"{number} finding{' is' if number == 1 else 's are'} not accepted.",
            f"An operator accepts {'it' if number == 1 else 'them'} with a reason, or the revision is mended.",
        )
    if facts.error:
        return _condition(
            True, f"The SQL could not be written: no more is known than the files tell. {_say_met(facts)}"
        )
    return _condition(True, _say_met(facts))


def _say_met(facts: FindingFacts) -> str:
    if not facts.number:
        return "No findings in its SQL."
    told = f"{facts.number} finding{'' if facts.number == 1 else 's'}"
    if not facts.required:
        return f"{told}, none of which must be accepted."
    if facts.required == facts.number:
        return f"{told}, accepted."
    return f"{told}, {facts.required} of which had to be accepted and {'is' if facts.required == 1 else 'are'}."


def _condition(met: bool, words: str, mend: str = "", *, working: bool = False) -> Condition:
    return Condition(Gate.CHANGES, "Findings", met, words, mend, working)
