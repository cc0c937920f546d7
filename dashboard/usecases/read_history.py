"""A project's script directory, read as text, over Alembic's own revision map."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import Problem
from dashboard.sources.configuration import Project
from dashboard.sources.script_directory import (
    ScriptDirectoryError,
    ScriptDirectoryReading,
    read_script_directory,
)


@dataclass(frozen=True)
class ProjectHistory:
    """What could be read of one project. With `error` nothing could: the graph is empty and `reading` is None."""

    project: Project
    graph: RevisionGraph
    reading: ScriptDirectoryReading | None
    error: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of the files and of the graph they make."""
        return (*(self.reading.problems if self.reading else ()), *self.graph.problems)


def read_history(project: Project) -> ProjectHistory:
    """Executes nothing and never raises for what a project's files contain."""
    try:
        reading = read_script_directory(project.source())
    except ScriptDirectoryError as error:
        return ProjectHistory(project, RevisionGraph(()), None, str(error))
    return ProjectHistory(project, RevisionGraph(reading.records), reading, "")
