"""How many rows a table has, or how many of them have a value in a column."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Countable:
    """A table, or one column of it. An empty schema: where the connection finds the table."""

    schema: str
    table: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class RowCount:
    """`rows` None: not known, `detail` says why. Of a column the rows that are not NULL."""

    rows: int | None
    is_estimate: bool = False
    detail: str = ""
