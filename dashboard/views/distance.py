"""How far an environment is behind its head, in words and as a row of ticks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import Reason, State, Status

TICKS = 10
TICK_PITCH = 8
UNKNOWN = "distance unknown"


@dataclass(frozen=True, slots=True)
class Tick:
    """One of the newest revisions: `applied` or `pending`; `x` in pixels."""

    x: int
    kind: str


@dataclass(frozen=True, slots=True)
class Distance:
    """`ticks` is empty where the distance cannot be told."""

    words: str
    ticks: tuple[Tick, ...] = ()

    @property
    def fact(self) -> str:
        """The words beside their name, Distance."""
        return "not known" if self.words == UNKNOWN else self.words

    @property
    def width(self) -> int:
        """Of the drawing, in pixels."""
        return max(0, len(self.ticks) * TICK_PITCH - 2)


def measure_distance(status: Status, graph: RevisionGraph) -> Distance:
    """What is not known is said to be unknown, never drawn."""
    pending = len(status.pending)
    if status.state is State.CURRENT:
        return Distance("at head" if len(graph.effective_heads) == 1 else "at every head", _ticks(0, graph))
    if status.state is State.PENDING:
        heads = len(graph.effective_heads)
        behind = "head" if heads == 1 else f"{heads} heads"
        return Distance(f"{pending} behind {behind}", _ticks(pending, graph))
    if status.state is State.UNVERSIONED and status.reason is not Reason.SCHEMA_NOT_EMPTY:
        return Distance(f"{pending} to apply", _ticks(pending, graph))
    return Distance(UNKNOWN)


def _ticks(pending: int, graph: RevisionGraph) -> tuple[Tick, ...]:
    total = min(TICKS, len(graph.records))
    return _draw(min(pending, total), total)


@cache
def _draw(hollow: int, total: int) -> tuple[Tick, ...]:
    """Of all the environments of a fleet there are few different ones."""
    return tuple(
        Tick(number * TICK_PITCH, "pending" if number >= total - hollow else "applied") for number in range(total)
    )
