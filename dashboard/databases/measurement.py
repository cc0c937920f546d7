"""What a rehearsal measures of a revision, the same for every dialect, and who watches from beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LockSpan:
    """One lock that a revision took on a relation that was there before it."""

    relation: str
    """Quoted; with its schema where that is not on the search path."""
    mode: str
    seconds: float
    """At most so long: from the last look before it was seen to the first look without it."""
    is_index: bool
    to_end: bool
    """It was still held when the revision was done, so that it stays to the end of the transaction."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock as the session that holds it tells: a relation's oid, and which transaction of which session."""

    relation: int
    mode: str
    transaction: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A table or index that was there before and has a new file now."""

    relation: str
    bytes: int
    """Of the new file, a table's with its TOAST table."""


class LockWatch(Protocol):
    """Looks at a rehearsal's locks from another session, from entering to leaving its context."""

    def begin(self, position: int) -> None:
        """What is taken from now on is of this step of the plan."""
        ...

    def end(self, position: int, held: Iterable[HeldLock]) -> None:
        """The step is done. `held`: what the session itself found new then, which it holds to the end of its transaction."""
        ...

    def finish(self) -> None:
        """Once the rehearsal's sessions are gone; the answers are whole from then on. Raises DatabaseUnavailable."""
        ...

    def spans(self, position: int) -> tuple[LockSpan, ...]:
        """What one step took, the strongest first; each until it was let go, be that in a later step."""
        ...

    def rewrites(self, found: Iterable[tuple[int, int]]) -> tuple[Rewrite, ...]:
        """Of (oid, bytes) those that were there before the rehearsal, the largest first."""
        ...


class NoLockWatch:
    """Of a database that does not tell who holds which lock."""

    def begin(self, position: int) -> None:
        """See LockWatch."""

    def end(self, position: int, held: Iterable[HeldLock]) -> None:
        """See LockWatch."""

    def finish(self) -> None:
        """See LockWatch."""

    def spans(self, position: int) -> tuple[LockSpan, ...]:
        """None."""
        return ()

    def rewrites(self, found: Iterable[tuple[int, int]]) -> tuple[Rewrite, ...]:
        """None."""
        return ()
