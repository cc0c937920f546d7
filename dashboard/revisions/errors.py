"""The one error of this room."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.revisions.records import Problem


class HistoryError(Exception):
    """A path or a notation that the history does not give. The message says what and what to do."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        """The faults of the script directory behind it; empty where the request itself is at fault."""
