"""What a database holds, told so that a restored copy can be compared with it: schema, counts, hashes of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NAMED = 5
"""So many tables are named in a sentence; the rest is counted."""


@dataclass(frozen=True, slots=True)
class TableContents:
    """The rows of one table, in whatever order they lie."""

    name: str
    """Qualified, quoted."""
    rows: int
    digest: str
    """The sum of a hash of every row; equal for equal rows."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a copy needs of the server that it is restored on. PostgreSQL's words; SQLite needs `size` alone."""

    server: str = ""
    """`PostgreSQL 15.18`"""
    major: int = 0
    size: int = 0
    """Bytes of the database on its server's disk."""
    encoding: str = ""
    collate: str = ""
    ctype: str = ""
    provider: str = ""
    """`c` libc, `i` ICU, `b` built in; empty before PostgreSQL 15."""
    locale: str = ""
    """Of ICU, or the built-in one."""
    extensions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """Named by policies and user mappings."""
    has_public: bool = True
    """Whether there is a schema of this name: a new database has one."""
    has_event_triggers: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What one database held at one moment."""

    schema: Mapping[str, str]
    """Kind of object -> digest of the definitions, as far as a restore carries them over."""
    tables: tuple[TableContents, ...]
    """Sorted by name."""
    large_objects: int = 0
    origin: Origin = field(default_factory=Origin)

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """For storage; `contents_from_json` is the way back."""
        return {
            "schema": dict(self.schema),
            "tables": [[table.name, table.rows, table.digest] for table in self.tables],
            "large_objects": self.large_objects,
            "origin": asdict(self.origin),
        }


def contents_from_json(stored: Mapping[str, Any]) -> Contents:
    """What `as_json` made."""
    origin: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in stored["origin"].items()
    }
    return Contents(
        schema=dict(stored["schema"]),
        tables=tuple(TableContents(*table) for table in stored["tables"]),
        large_objects=stored["large_objects"],
        origin=Origin(**origin),
    )


def list_differences(expected: Contents, found: Contents) -> tuple[str, ...]:
    """Sentences about what a restored copy lacks, has too much or holds otherwise, tables by name; none: it is equal."""
    return tuple(
        sentence
        for sentence in (
            *_differences_of_tables(expected, found),
            _difference_of_schema(expected, found),
            _difference_of_large_objects(expected, found),
        )
        if sentence
    )


def _differences_of_tables(expected: Contents, found: Contents) -> Iterator[str]:
    wanted = {table.name: table for table in expected.tables}
    had = {table.name: table for table in found.tables}
    both = sorted(wanted.keys() & had.keys())
    counts = [name for name in both if wanted[name].rows != had[name].rows]
    yield _list_names("missing", sorted(wanted.keys() - had.keys()))
    yield _list_names("there and was not in the snapshot", sorted(had.keys() - wanted.keys()))
    yield from (f"{name} holds {had[name].rows:,} rows, not {wanted[name].rows:,}." for name in counts[:NAMED])
    if len(counts) > NAMED:
        yield f"So do {len(counts) - NAMED} more tables."
    rows = [name for name in both if name not in counts and wanted[name].digest != had[name].digest]
    yield _list_names("different in its rows, though their number is equal", rows)


def _list_names(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}: {what}."


def _difference_of_schema(expected: Contents, found: Contents) -> str:
    kinds = sorted(expected.schema.keys() | found.schema.keys())
    differing = [kind for kind in kinds if expected.schema.get(kind) != found.schema.get(kind)]
    return f"The schema differs in: {', '.join(differing)}." if differing else ""


def _difference_of_large_objects(expected: Contents, found: Contents) -> str:
    if expected.large_objects == found.large_objects:
        return ""
    return f"There are {found.large_objects:,} large objects, not {expected.large_objects:,}."
