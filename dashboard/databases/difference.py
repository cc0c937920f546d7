"""What one comparison of a database's schema found: the words of Alembic's operations, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute of something that both sides have."""

    what: str
    """type, nullable, default, comment or definition."""
    before: str
    """As the database has it."""
    after: str
    """As it should be."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One operation that would make the database as it should be."""

    operation: str
    """Alembic's: create_table, drop_table, add_column, alter_column, ...; what it has no operation for is create_, drop_
    or alter_ with the kind of the object: alter_enum, drop_view.
    """
    schema: str
    """Empty: the default schema."""
    table: str
    """Empty: it is of no table."""
    name: str
    """Of the column, index, constraint or other object; empty: the table itself, or it has no name."""
    changes: tuple[Change, ...] = ()
    repair: str = ""
    """Python that makes the database as it should be; empty: no single operation does."""
    adopt: str = ""
    """Python for a revision that makes what is the way it should be; empty: not known."""

    def as_json(self) -> dict[str, Any]:
        """For storage; `difference_from_json` is the way back."""
        return asdict(self)


def difference_from_json(stored: Mapping[str, Any]) -> Difference:
    """What `as_json` made."""
    return Difference(**{**stored, "changes": tuple(Change(**change) for change in stored["changes"])})
