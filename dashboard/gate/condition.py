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
    working: bool = False
    """What is missing is being done by a worker: nobody needs to act."""
    let_pass_by: str = ""
    """Who let it pass although it does not hold; it counts as met."""

    environment: str = ""
    """Another one, whose plan mends it."""

    @property
    def state(self) -> str:
        """`met`, `let-pass`, `working` or `missing`."""
        if self.let_pass_by:
            return "let-pass"
        if self.met:
            return "met"
        return "working" if self.working else "missing"
