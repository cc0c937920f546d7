"""A whole script directory: its revisions, in Alembic's order, and the hash of every file that a run may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.revisions.records import Problem, RevisionRecord, UnreadableFile
from dashboard.sources import git
from dashboard.sources.alembic_configuration import read_alembic_configuration
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.file_hashes import hash_file, hash_folder
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.revision_file import read_revision_file
from dashboard.sources.shown_paths import PathNames
from dashboard.sources.version_files import VersionFile, list_version_files, read_content

__all__ = ["ScriptDirectoryError", "ScriptDirectoryReading", "read_script_directory"]


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
    configuration = read_alembic_configuration(settings)
    names = PathNames(settings.directory)
    listing = list_version_files(configuration, names)
    records: list[RevisionRecord] = []
    unreadable: list[UnreadableFile] = list(listing.unreadable)
    problems: list[Problem] = [*configuration.problems, *listing.problems]
    files: dict[str, str] = {}
    for file in listing.files:
        content = _content(file, unreadable)
        if content is None:
            continue
        reading = read_revision_file(file.shown, content)
        problems += reading.problems
        if reading.record is not None:
            records.append(reading.record)
            files[file.shown] = reading.record.sha256
        if reading.unreadable is not None:
            unreadable.append(reading.unreadable)
    for folder in _outermost((configuration.script_location, *configuration.version_locations)):
        hash_folder(folder, names, files)
    for path in configuration.files:
        hash_file(path.as_posix(), names, files)
    return ScriptDirectoryReading(
        records=tuple(records),
        unreadable=tuple(unreadable),
        problems=tuple(problems),
        script_location=configuration.script_location,
        version_locations=configuration.version_locations,
        files=dict(sorted(files.items())),
        commit=git.head_commit(configuration.script_location) if settings.git else "",
    )


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """Those that lie in none of the others."""
    return [folder for folder in dict.fromkeys(folders) if not any(other in folder.parents for other in folders)]


def _content(file: VersionFile, unreadable: list[UnreadableFile]) -> bytes | None:
    try:
        return read_content(file.path)
    except OSError as error:
        unreadable.append(UnreadableFile(file.shown, None, f"It cannot be read: {error.strerror or error}."))
        return None
