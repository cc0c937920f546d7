"""Answers about a graph, kept as long as there is room."""

from __future__ import annotations

from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")

ROOM = 2_000_000
"""Revisions in all answers of one kind. Five hundred environments of a history of five thousand need no more."""


class Answers(Generic[_Answer]):
    """By sorted ids. Threads may share it: the answer is the same whoever finds it, and losing one costs only time."""

    def __init__(self, room: int = ROOM) -> None:
        self._kept: dict[tuple[str, ...], _Answer] = {}
        self._left = self._room = room

    def get(self, key: tuple[str, ...]) -> _Answer | None:
        """What was kept."""
        return self._kept.get(key)

    def keep(self, key: tuple[str, ...], answer: _Answer, size: int) -> None:
        """`size`: how many revisions it holds. Without room everything goes."""
        if size >= self._left:
            self._kept.clear()
            self._left = self._room
        self._kept[key] = answer
        self._left -= size + 1
