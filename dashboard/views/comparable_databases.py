"""Whose database the models of the work tree can be compared with, and why the others cannot serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.status import State
from dashboard.usecases.read_status import EnvironmentStatus
from dashboard.views.badges import Badge, badge_of_status


@dataclass(frozen=True, slots=True)
class ComparableDatabase:
    """One environment of the form. `why_not`: what keeps it from being chosen, and the mend; empty: nothing does."""

    name: str
    badge: Badge
    why_not: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ComparableDatabases:
    """Those that can be chosen, and the others; each in the order of dashboard.toml."""

    able: tuple[ComparableDatabase, ...]
    unable: tuple[ComparableDatabase, ...]


def list_databases(environments: Sequence[EnvironmentStatus], asked: str) -> ComparableDatabases:
    """By the latest observations. Chosen is the one asked for, else the first that can be."""
    reasons = {e.environment.name: _say_why_not(e) for e in environments}
    able = [name for name, why_not in reasons.items() if not why_not]
    chosen = asked if asked in able else next(iter(able), "")
    told = [
        ComparableDatabase(name, badge_of_status(e.status), reasons[name], name == chosen)
        for e in environments
        if (name := e.environment.name)
    ]
    return ComparableDatabases(tuple(one for one in told if not one.why_not), tuple(one for one in told if one.why_not))


def _say_why_not(environment: EnvironmentStatus) -> str:
    """Alembic compares with a database at the head alone."""
    if environment.active_run is not None:
        return f"Run {environment.active_run.pk} is on it. Wait until it has settled."
    status = environment.status
    if status.state is State.CURRENT:
        return ""
    if status.state in {State.PENDING, State.UNVERSIONED}:
        return "What is pending there would be written once more. Upgrade it first." if status.pending else ""
    if status.state is State.UNOBSERVED:
        return "It has not been read yet. Read it first."
    if status.state is State.FOREIGN_REVISION:
        return "It holds a revision that the work tree lacks. Bring that here first."
    return "It cannot be told what it holds. Mend that first."
