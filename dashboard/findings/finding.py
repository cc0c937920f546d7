"""What goes into the search for findings, and what comes out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dashboard.gate.finding_policy import Level


@dataclass(frozen=True, slots=True)
class SqlPiece:
    """The SQL of one step of a plan, or of what stands before, between and after the steps."""

    position: int
    """Of the step in the plan, from 1; 0 where the piece is of no step."""
    revision: str
    text: str
    unwritable: str = ""
    """Why Alembic could not write this step's SQL; `text` then holds what surrounds it alone."""
    rehearsed: bool = False
    """In the place of what could not be written `text` holds what a rehearsal executed, without its parameters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the SQL of one step that a person should know before it is run."""

    position: int
    revision: str
    rule: str
    level: Level
    line: int
    """Within the piece, from 1."""
    statement: str
    message: str

    @property
    def statement_sha256(self) -> str:
        """An acceptance is for exactly this statement."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


class FindingsUnavailable(Exception):
    """The SQL could not be looked through; the message says why and what to do."""
