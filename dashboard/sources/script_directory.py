"""A whole script directory: its revisions, in Alembic's order, and the hash of every file that a run may use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.revisions.records import Problem, RevisionRecord, UnreadableFile
from dashboard.sources import git
from dashboard.sources.alembic_configuration import AlembicConfiguration, read_alembic_configuration
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.file_hashes import hash_files
from dashboard.sources.files import DiskFiles, Files
from dashboard.sources.git_files import GitFiles
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.revision_file import read_revision_file
from dashboard.sources.shown_paths import PathNames
from dashboard.sources.version_files import list_version_files

__all__ = ["ScriptDirectoryError", "ScriptDirectoryReading", "read_script_directory", "read_script_directory_at"]


@dataclass(frozen=True, slots=True)
class ScriptDirectoryReading:
    """What a script directory held at one moment."""

    records: tuple[RevisionRecord, ...]
    """In sorted order of the file names, location by location: what RevisionGraph wants."""
    unreadable: tuple[UnreadableFile, ...]
    """Files from which no revision could be read. Alembic refuses the whole directory for one of them."""
    problems: tuple[Problem, ...]
    """What is wrong with single files and the configuration; the graph finds what is wrong between files."""
    script_location: Path
    version_locations: tuple[Path, ...]
    files: dict[str, str]
    """By path as shown: the sha256 of every file of the script directory and its configuration."""
    commit: str
    """Checked out in the directory's repository; empty outside of git."""


def read_script_directory(settings: ProjectSource) -> ScriptDirectoryReading:
    """Read as text everything that Alembic would load. Raises ScriptDirectoryError where there is nothing to read."""
    reading = read_configured(settings, read_alembic_configuration(settings, DiskFiles()), DiskFiles())
    return replace(reading, commit=git.head_commit(reading.script_location)) if settings.git else reading


def read_script_directory_at(settings: ProjectSource, commit: str) -> ScriptDirectoryReading:
    """The same as a commit (a whole id, from `git_refs.resolve_ref`) has it; the work tree is not touched.

    Raises ScriptDirectoryError.
    """
    files = GitFiles(settings.directory, commit)
    return replace(read_configured(settings, read_alembic_configuration(settings, files), files), commit=commit)


def read_configured(
    settings: ProjectSource, configuration: AlembicConfiguration, files: Files
) -> ScriptDirectoryReading:
    """Read what the configuration names; the commit is left empty."""
    names = PathNames(settings.directory)
    listing = list_version_files(configuration, files, names)
    records: list[RevisionRecord] = []
    unreadable: list[UnreadableFile] = list(listing.unreadable)
    problems: list[Problem] = [*configuration.problems, *listing.problems]
    for path, content in files.contents(listing.paths):
        shown = names.name(path)
        if isinstance(content, OSError):
            unreadable.append(UnreadableFile(shown, None, f"It cannot be read: {content.strerror or content}."))
            continue
        reading = read_revision_file(shown, content)
        problems += reading.problems
        if reading.record is not None:
            records.append(reading.record)
        if reading.unreadable is not None:
            unreadable.append(reading.unreadable)
    return ScriptDirectoryReading(
        records=tuple(records),
        unreadable=tuple(unreadable),
        problems=tuple(problems),
        script_location=configuration.script_location,
        version_locations=configuration.version_locations,
        files=hash_files(
            configuration.folders(),
            configuration.files,
            files,
            names,
            {record.path: record.sha256 for record in records},
        ),
        commit="",
    )
