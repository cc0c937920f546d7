"""What the benchmarks found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: Alembic's value, ours, and how many times ours must fit into theirs (None: no target)."""

    what: str
    theirs: float
    ours: float
    target: float | None
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Times faster, or smaller."""
        return self.theirs / max(self.ours, 1e-9)

    @property
    def is_met(self) -> bool:
        """Whether the target was reached."""
        return self.target is None or self.ratio >= self.target


@dataclass(frozen=True, slots=True)
class Growth:
    """One size of a branched history. CPU seconds, and MB of the cold reading."""

    size: int
    cold: float
    again: float
    kept: float
    pending: float
    megabytes: float
    alembic: float | None
    """None: not measured."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One measurement that must stay below a limit (None: none)."""

    what: str
    value: float
    unit: str
    limit: float | None

    @property
    def is_met(self) -> bool:
        """Whether it stayed below."""
        return self.limit is None or self.value <= self.limit
