"""What keeps Alembic from reading any of a script directory, wherever in the history it stands."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.revisions.records import ProblemKind
from dashboard.usecases.examine_steps import find_file_fault
from dashboard.usecases.read_history import ProjectHistory

_FATAL = frozenset(
    {
        ProblemKind.SYMLINK,
        ProblemKind.CYCLE,
        ProblemKind.MISSING_PARENT,
        ProblemKind.MISSING_DEPENDENCY,
        ProblemKind.DUPLICATE_LABEL,
    }
)
"""Alembic builds its revision map from all files or not at all (measured with 1.20). A duplicate id is a warning to it."""


def examine_directory(history: ProjectHistory) -> tuple[str, ...]:
    """Sentences, each of which keeps every plan from being made, also one that goes nowhere near the fault."""
    return tuple(dict.fromkeys(_faults(history)))


def _faults(history: ProjectHistory) -> Iterator[str]:
    reading = history.reading
    if reading is None:
        return
    for problem in history.problems:
        if problem.kind in _FATAL:
            yield f"{problem.where}{problem.detail} {problem.hint}"
    for path, sha256 in reading.files.items():
        if not sha256:
            yield f"{path} cannot be read, so it cannot be compared with what was confirmed. Mend it or move it away."
    suspects = [problem.path for problem in reading.problems if problem.kind is ProblemKind.UNREADABLE]
    for path in (*suspects, *(file.path for file in reading.unreadable)):
        fault = find_file_fault(history.project, path, reading.files.get(path, ""))
        if fault:
            yield fault
