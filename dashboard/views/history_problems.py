"""What is to be mended in a script directory, as the history page lists it: each fault once, with every place of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.records import Problem


@dataclass(frozen=True, slots=True)
class ToldProblem:
    """One fault. `places`: `path:line` of each file that has it, as far as they are known."""

    kind: str
    detail: str
    hint: str
    places: tuple[str, ...]


def list_problems(problems: Sequence[Problem]) -> tuple[ToldProblem, ...]:
    """A cycle is a problem of each of its revisions, in the same words: it is told once."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for problem in problems:
        found = places.setdefault((problem.kind.replace("_", " "), problem.detail, problem.hint), [])
        if problem.path:
            found.append(f"{problem.path}:{problem.line}" if problem.line else problem.path)
    return tuple(ToldProblem(*fault, tuple(found)) for fault, found in places.items())
