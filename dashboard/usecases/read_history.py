"""A project's script directory, read as text, over Alembic's own revision map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import Problem
from dashboard.sources.cache import ProjectReading, ReadingCache
from dashboard.sources.configuration import Project
from dashboard.sources.git_refs import RefRefused, resolve_ref
from dashboard.sources.script_directory import ScriptDirectoryError, ScriptDirectoryReading

__all__ = ["ProjectHistory", "RefRefused", "look_at_history", "read_history"]


@dataclass(frozen=True)
class ProjectHistory:
    """What could be read of one project. With `error` nothing could: the graph is empty and `reading` is None."""

    project: Project
    graph: RevisionGraph
    reading: ScriptDirectoryReading | None
    error: str
    ref: str = ""
    """The branch, tag or commit that was read; empty for the work tree."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of the files and of the graph they make."""
        return (*(self.reading.problems if self.reading else ()), *self.graph.problems)


def read_history(project: Project, *, ref: str | None = None) -> ProjectHistory:
    """The work tree's, or with `ref` that of a branch, tag or commit. Executes nothing.

    Never raises for what a project's files contain. Raises RefRefused for a name that is no ref of the repository.
    """
    if ref is not None:
        return _read_at(project, ref)
    try:
        found = _cache(settings.DASHBOARD_DATA).read(project.source())
    except ScriptDirectoryError as error:
        return _unreadable(project, error)
    return _history(project, found)


def look_at_history(project: Project) -> str:
    """Differs once read_history would read the work tree anew. Opens no revision file."""
    return ReadingCache.look(project.source())


def _read_at(project: Project, ref: str) -> ProjectHistory:
    if not project.git:
        raise RefRefused(f"dashboard.toml says git = false for {project.name}, so its git refs are not read.")
    commit = resolve_ref(project.directory, ref)
    try:
        found = _cache(settings.DASHBOARD_DATA).read_at(project.source(), commit)
    except ScriptDirectoryError as error:
        return _unreadable(project, error, ref)
    return _history(project, found, ref)


def _history(project: Project, found: ProjectReading, ref: str = "") -> ProjectHistory:
    return ProjectHistory(project, found.graph, found.reading, "", ref)


def _unreadable(project: Project, error: ScriptDirectoryError, ref: str = "") -> ProjectHistory:
    return ProjectHistory(project, RevisionGraph(()), None, str(error), ref)


@lru_cache(maxsize=4)
def _cache(data: Path) -> ReadingCache:
    """One for each folder of data, so that all processes of an installation share it."""
    return ReadingCache(data / "cache" / "readings")
