"""Which files of the version locations are revisions, in the order in which Alembic loads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dashboard.revisions.records import Problem, ProblemKind, UnreadableFile
from dashboard.sources.alembic_configuration import AlembicConfiguration
from dashboard.sources.revision_file import LARGEST_FILE
from dashboard.sources.shown_paths import PathNames

_REVISION_FILE = re.compile(r"(?!\.\#|__init__)(.*\.py)$")
"""As Alembic's: no editor's lock file, no package file."""


@dataclass(frozen=True, slots=True)
class VersionFile:
    """One file to read."""

    path: str
    shown: str


@dataclass(slots=True)
class Listing:
    """What the version locations hold."""

    files: list[VersionFile] = field(default_factory=list)
    unreadable: list[UnreadableFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def list_version_files(configuration: AlembicConfiguration, names: PathNames) -> Listing:
    """List the revision files. A symbolic link that leads out of the script directory is not followed."""
    listing = Listing()
    inside = [os.path.realpath(configuration.script_location)]
    named = [location for location in configuration.version_locations if not location.is_symlink()]
    inside += [os.path.realpath(location) for location in named]
    seen: set[str] = set()
    for location in configuration.version_locations:
        if not location.exists():
            continue
        if location.is_symlink() and not _lies_in(os.path.realpath(location), inside):
            listing.problems.append(_leads_out(names.name(location.as_posix())))
            continue
        for folder, entries in _walk(location.as_posix(), configuration.recursive):
            real = os.path.realpath(folder)
            for entry in entries:
                path = _real_path(entry, real, inside)
                if path is None:
                    listing.problems.append(_leads_out(names.name(entry.path)))
                elif path not in seen and _REVISION_FILE.match(path.rpartition("/")[2]):
                    seen.add(path)
                    _add(listing, entry, names.name(entry.path))
    return listing


def read_content(path: str) -> bytes:
    """The bytes of a regular file, never more than the reader takes. Raises OSError."""
    # The built-in open takes an opener, Path.open does not.
    with open(path, "rb", buffering=0, opener=_open_without_waiting) as file:
        size = os.fstat(file.fileno()).st_size
        return (file.read(LARGEST_FILE + 1) if size > LARGEST_FILE else file.readall()) or b""


def _open_without_waiting(path: str, flags: int) -> int:
    """A named pipe put in a file's place after the listing must not hold the reader up."""
    return os.open(path, flags | os.O_NONBLOCK)


def _walk(folder: str, recursive: bool) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Folders with the revision files in them, sorted by name; links to folders are not walked into."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    if not folder.endswith("__pycache__"):
        yield folder, [e for e in entries if _REVISION_FILE.match(e.name) and not e.is_dir()]
        if not recursive:
            return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, recursive)


def _real_path(entry: os.DirEntry[str], real_folder: str, inside: list[str]) -> str | None:
    """Where the file really is; None where a link leads out of the folders that may be read."""
    if not entry.is_symlink():
        return f"{real_folder}/{entry.name}"
    path = os.path.realpath(entry.path)
    return path if _lies_in(path, inside) else None


def _add(listing: Listing, entry: os.DirEntry[str], label: str) -> None:
    if entry.is_file():
        listing.files.append(VersionFile(entry.path, label))
    else:
        listing.unreadable.append(UnreadableFile(label, None, "It is no regular file. Move it away."))


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
