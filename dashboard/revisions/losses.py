"""What reverting a revision would take away, as far as the text of its downgrade() tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DowngradeKind(StrEnum):
    """What a revision file has for a downgrade."""

    FOUND = "found"
    EMPTY = "empty"
    """It does nothing: the version table goes back, while what upgrade() made stays."""
    RAISES = "raises"
    """It ends in an exception whatever is the case, as `raise NotImplementedError` does."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Loss:
    """A table, or one column of a table, whose data would go. An empty schema: the connection's own."""

    revision: str
    line: int
    schema: str
    table: str
    column: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Schema, table and column: the same for two revisions that drop the same thing."""
        return self.schema, self.table, self.column


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a downgrade() for a person to look at."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class DowngradeReading:
    """What one file's downgrade() does, read without running it, in the order of the text."""

    kind: DowngradeKind
    line: int | None = None
    """Of the function, or of what it raises."""
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()
    upgrade_is_empty: bool = False
    """There is nothing to revert either: usual for a merge point."""
