"""The definitions of a schema's objects, by name: for what Alembic's own comparison does not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """What an object is called."""

    kind: str
    """table, column, constraint, index, view, sequence, enum, ..."""
    schema: str
    """Empty: the default schema."""
    table: str
    """Empty: it is of no table."""
    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    """How an object is defined, in its database's words."""

    text: str
    """Equal for equal objects."""
    create: str = ""
    """SQL that makes it; empty: no statement of its own does."""
    drop: str = ""
    """SQL that removes it; empty as above."""
    words: str = ""
    """As it is shown; empty: as `text` is."""


@dataclass(frozen=True, slots=True)
class Column:
    """What decides whether two columns are the same, but for NULL, which Alembic compares well."""

    type: str
    default: str
    """An expression; empty: none."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that was read of one schema beside what SQLAlchemy reflects."""

    columns: Mapping[tuple[str, str, str], Column]
    """By schema (empty: the default one), table and name."""
    definitions: Mapping[Key, Definition]
    not_ours: frozenset[tuple[str, str]]
    """Schema and name of tables that are no table of a revision: partitions, and those of extensions."""

    @property
    def schemas(self) -> frozenset[str]:
        """In which something of ours is."""
        return frozenset(key.schema for key in self.definitions if key.kind != "extension")
