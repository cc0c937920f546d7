"""The smallest piece of a gate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gate(StrEnum):
    """The gates on the way to a run, in the order in which a person passes them."""

    CHANGES = "changes"
    BACKUP = "backup"
    REHEARSAL = "rehearsal"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. `words` says what is so, `mend` what to do while it is not met."""

    gate: Gate
    name: str
    met: bool
    words: str
    mend: str
