"""Which files of the version locations are revisions, in the order in which Alembic loads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dashboard.revisions.records import Problem, ProblemKind, UnreadableFile
from dashboard.sources.alembic_configuration import AlembicConfiguration
from dashboard.sources.files import Entry, Files, Kind
from dashboard.sources.shown_paths import PathNames

_REVISION_FILE = re.compile(r"(?!\.\#|__init__)(.*\.py)$")
"""As Alembic's: no editor's lock file, no package file."""


@dataclass(slots=True)
class Listing:
    """What the version locations hold."""

    paths: list[str] = field(default_factory=list)
    """Of the files to read; a link that stays inside is named by its own path."""
    unreadable: list[UnreadableFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def list_version_files(configuration: AlembicConfiguration, files: Files, names: PathNames) -> Listing:
    """List the revision files. A symbolic link that leads out of the script directory is not followed."""
    listing = Listing()
    script_location = configuration.script_location.as_posix()
    locations = [location.as_posix() for location in configuration.version_locations]
    inside = [files.real_path(script_location)]
    inside += [files.real_path(location) for location in locations if not location.startswith(f"{script_location}/")]
    seen: set[str] = set()
    for location in locations:
        real_location = files.real_path(location)
        if _is_link_in(location, script_location, real_location, inside):
            listing.problems.append(_leads_out(names.name(location)))
            continue
        for real_folder, entries in _walk(files, location, real_location, configuration.recursive):
            for entry in entries:
                _take(entry, real_folder, inside, seen, files, names, listing)
    return listing


def is_revision_name(name: str) -> bool:
    """Whether Alembic takes a file of this name for a revision."""
    return _REVISION_FILE.match(name) is not None


def _is_link_in(location: str, script_location: str, real: str, inside: list[str]) -> bool:
    """Whether a location below the script directory is really elsewhere."""
    return location.startswith(f"{script_location}/") and not _lies_in(real, inside)


def _walk(files: Files, folder: str, real: str, recursive: bool) -> Iterator[tuple[str, list[Entry]]]:
    """Real folders with the revision files in them; links to folders are not walked into."""
    entries = files.entries(folder)
    if not folder.endswith("__pycache__"):
        yield real, [entry for entry in entries if _is_revision(entry, files)]
        if not recursive:
            return
    for entry in entries:
        if entry.kind is Kind.FOLDER:
            yield from _walk(files, entry.path, f"{real}/{entry.name}", recursive)


def _is_revision(entry: Entry, files: Files) -> bool:
    if entry.kind is Kind.FOLDER or not is_revision_name(entry.name):
        return False
    return entry.kind is not Kind.LINK or not files.is_folder(entry.path)


def _take(
    entry: Entry, folder: str, inside: list[str], seen: set[str], files: Files, names: PathNames, listing: Listing
) -> None:
    path = f"{folder}/{entry.name}"
    if entry.kind is Kind.LINK:
        path = files.real_path(entry.path)
        if not _lies_in(path, inside):
            listing.problems.append(_leads_out(names.name(entry.path)))
            return
    if path in seen or not _REVISION_FILE.match(path.rpartition("/")[2]):
        return
    seen.add(path)
    if entry.kind is Kind.FILE or files.is_file(entry.path):
        listing.paths.append(entry.path)
    else:
        reason = "It is no regular file. Move it away."
        listing.unreadable.append(UnreadableFile(names.name(entry.path), None, reason))


def _lies_in(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _leads_out(path: str) -> Problem:
    return Problem(
        kind=ProblemKind.SYMLINK,
        revision="",
        path=path,
        line=None,
        detail=f"{path} is a symbolic link that leads out of the script directory; it is not followed.",
        hint="Put the file itself there. Alembic follows the link, so upgrades are refused until then.",
    )
