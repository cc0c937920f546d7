"""The revisions of many commits, each file read once: what is alike in two trees is never looked at again.

Beside `cache`, which keeps whole readings with the hashes that a run is pinned by: here only revisions count, and a
commit costs what its tree differs from one that was read before.
"""

from __future__ import annotations

import gc
import threading
from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dashboard.revisions.changes import RevisionChange, revision_changes
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord, UnreadableFile
from dashboard.sources.alembic_configuration import AlembicConfiguration, read_alembic_configuration
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.git_files import GitFiles
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.revision_blobs import RevisionFiles
from dashboard.sources.revision_file import FileReading
from dashboard.sources.shown_paths import PathNames
from dashboard.sources.tree_changes import FileChange, objects_at, tree_changes, tree_ids
from dashboard.sources.version_files import is_revision_name, list_version_files

_COMMITS_KEPT = 24


@dataclass(frozen=True)
class Place:
    """A version location: absolute, and from the repository's top."""

    absolute: str
    inside: str


@dataclass(frozen=True)
class CommitReading:
    """The revisions that one commit has."""

    commit: str
    graph: RevisionGraph
    unreadable: tuple[UnreadableFile, ...]
    blobs: Mapping[str, str]
    """By path as shown, in Alembic's order: the object id of every revision file."""
    places: tuple[Place, ...]
    """The version locations; empty where links make a reading from differences unsafe."""
    recursive: bool
    configuration_blobs: tuple[tuple[str, str], ...]
    """(path from the repository's top, object id) of what says where the revisions are."""


@dataclass(frozen=True)
class TreeDifference:
    """What one commit does to another one's revisions. With `error` the later one has no script directory."""

    changes: tuple[RevisionChange, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()
    """Files that came, or changed, so that they cannot be read."""
    error: str = ""


class CommitReader:
    """One a process; threads may share it. Reads objects of the repository, and nothing else."""

    def __init__(self) -> None:
        self._files = RevisionFiles()
        self._commits: OrderedDict[tuple[ProjectSource, str], CommitReading] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, source: ProjectSource, commit: str) -> CommitReading:
        """The revisions of a commit (a whole id). Raises ScriptDirectoryError."""
        tree = tree_ids(source.directory, [commit]).get(commit, "")
        with self._lock:
            kept = self._commits.get((source, tree))
            near = next((r for (s, _), r in reversed(self._commits.items()) if s == source and r.places), None)
        if kept is None:
            with _without_collection():
                kept = (self._read_from(source, near, commit) if near else None) or self._read_whole(source, commit)
            with self._lock:
                self._commits[source, tree] = kept
                while len(self._commits) > _COMMITS_KEPT:
                    self._commits.popitem(last=False)
        return replace(kept, commit=commit)

    def differences(
        self, source: ProjectSource, known: CommitReading, pairs: Sequence[tuple[str, str]]
    ) -> list[TreeDifference]:
        """For each (earlier commit, later commit) what changed. `known`: a reading of the same project.

        Costs one comparison of trees for all; a commit that is configured otherwise than `known` is read whole.
        """
        alike = self._configured_alike(source, known, {commit for pair in pairs for commit in pair})
        near = [pair for pair in dict.fromkeys(pairs) if known.places and alike.issuperset(pair)]
        found = dict(zip(near, self._compare_trees(source, known, near), strict=True))
        return [found.get(pair) or self._compare_readings(source, *pair) for pair in pairs]

    def _compare_trees(
        self, source: ProjectSource, known: CommitReading, pairs: Sequence[tuple[str, str]]
    ) -> list[TreeDifference | None]:
        trees = tree_ids(source.directory, list({commit for pair in pairs for commit in pair}))
        inside = [place.inside for place in known.places]
        listed = tree_changes(source.directory, [(trees[a], trees[b]) for a, b in pairs], inside) if pairs else []
        names = PathNames(source.directory)
        befores = [_revision_files(changes, known, names, "before") for changes in listed]
        afters = [_revision_files(changes, known, names, "after") for changes in listed]
        readings = self._files.read(source.directory, [file for files in (*befores, *afters) for file in files])
        return [
            _difference([readings[file] for file in before], [readings[file] for file in after])
            if all(change.is_plain for change in changes)
            else None
            for changes, before, after in zip(listed, befores, afters, strict=True)
        ]

    def _compare_readings(self, source: ProjectSource, earlier: str, later: str) -> TreeDifference:
        try:
            new = self.read(source, later)
        except ScriptDirectoryError as error:
            return TreeDifference(error=str(error))
        try:
            old = self.read(source, earlier)
        except ScriptDirectoryError:
            return TreeDifference(revision_changes((), new.graph.records.values()), new.unreadable)
        changes = revision_changes(old.graph.records.values(), new.graph.records.values())
        return TreeDifference(changes, tuple(file for file in new.unreadable if file not in old.unreadable))

    def _configured_alike(self, source: ProjectSource, known: CommitReading, commits: Iterable[str]) -> set[str]:
        alike = set(commits)
        for path, blob in known.configuration_blobs:
            found = objects_at(source.directory, [(commit, path) for commit in alike])
            alike = {commit for commit in alike if found.get(commit, "") == blob}
        return alike

    def _read_whole(self, source: ProjectSource, commit: str) -> CommitReading:
        files = GitFiles(source.directory, commit)
        configuration = read_alembic_configuration(source, files)
        names = PathNames(source.directory)
        listing = list_version_files(configuration, files, names)
        blobs = {names.name(path): files.blob(path) for path in listing.paths}
        places = tuple(Place(p.as_posix(), files.place(p.as_posix())) for p in configuration.version_locations)
        is_plain = not _overlap(places) and all(_is_inside(files.place(path), path, places) for path in listing.paths)
        read = tuple((files.place(path), files.blob(path)) for path in _configuration_paths(source, configuration))
        return self._assemble(
            source, commit, blobs, tuple(listing.unreadable), places if is_plain else (), configuration.recursive, read
        )

    def _read_from(self, source: ProjectSource, near: CommitReading, commit: str) -> CommitReading | None:
        """By what differs from another commit; None where that cannot be told from the differences alone."""
        if not self._configured_alike(source, near, [commit]):
            return None
        trees = tree_ids(source.directory, [near.commit, commit])
        inside = [place.inside for place in near.places]
        if len(trees) < len({near.commit, commit}):
            return None
        changes = tree_changes(source.directory, [(trees[near.commit], trees[commit])], inside)[0]
        if not all(change.is_plain for change in changes):
            return None
        names = PathNames(source.directory)
        gone = {path for path, _ in _revision_files(changes, near, names, "before")}
        listed = [item for item in near.blobs.items() if item[0] not in gone]
        for item in _revision_files(changes, near, names, "after"):
            insort(listed, item, key=lambda item: _place_in_listing(item[0], near.places, names))
        blobs = dict(listed)
        return self._assemble(source, commit, blobs, (), near.places, near.recursive, near.configuration_blobs)

    def _assemble(
        self,
        source: ProjectSource,
        commit: str,
        blobs: Mapping[str, str],
        unreadable: tuple[UnreadableFile, ...],
        places: tuple[Place, ...],
        recursive: bool,
        configuration_blobs: tuple[tuple[str, str], ...],
    ) -> CommitReading:
        found = self._files.read(source.directory, blobs.items())
        readings = [found[file] for file in blobs.items()]
        records = [reading.record for reading in readings if reading.record is not None]
        unreadable += tuple(reading.unreadable for reading in readings if reading.unreadable is not None)
        graph = RevisionGraph(records)
        return CommitReading(commit, graph, unreadable, blobs, places, recursive, configuration_blobs)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Thousands of records come into being and none goes: looking for garbage meanwhile doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _difference(before: Iterable[FileReading], after: Iterable[FileReading]) -> TreeDifference:
    new = list(after)
    return TreeDifference(
        revision_changes(_records(before), _records(new)),
        tuple(reading.unreadable for reading in new if reading.unreadable is not None),
    )


def _records(readings: Iterable[FileReading]) -> list[RevisionRecord]:
    return [reading.record for reading in readings if reading.record is not None]


def _revision_files(
    changes: Iterable[FileChange], known: CommitReading, names: PathNames, version: str
) -> list[tuple[str, str]]:
    """(path as shown, object id) of the revision files among the changed ones, in one of their two versions."""
    found = []
    for change in changes:
        blob = change.before if version == "before" else change.after
        place = next((p for p in known.places if change.path.startswith(f"{p.inside}/" if p.inside else "")), None)
        if not blob or place is None:
            continue
        rest = change.path[len(place.inside) + 1 if place.inside else 0 :]
        folders, _, name = rest.rpartition("/")
        if is_revision_name(name) and (not folders or (known.recursive and "__pycache__" not in folders.split("/"))):
            found.append((names.name(f"{place.absolute}/{rest}"), blob))
    return found


def _place_in_listing(path: str, places: Sequence[Place], names: PathNames) -> tuple[int, tuple[tuple[int, str], ...]]:
    """As list_version_files goes: location by location, in each folder its files before its sub-folders, by name."""
    for number, place in enumerate(places):
        start = f"{names.name(place.absolute)}/"
        if path.startswith(start):
            *folders, name = path[len(start) :].split("/")
            return number, (*((1, folder) for folder in folders), (0, name))
    return len(places), ((0, path),)


def _overlap(places: Sequence[Place]) -> bool:
    inside = [f"{place.inside}/" for place in places]
    return any(a.startswith(b) for n, a in enumerate(inside) for m, b in enumerate(inside) if n != m)


def _is_inside(inside: str, path: str, places: Iterable[Place]) -> bool:
    """Whether the file at `path` is no link, nor lies in a linked folder below its version location."""
    return any(
        path.startswith(f"{place.absolute}/") and inside == f"{place.inside}{path[len(place.absolute) :]}".lstrip("/")
        for place in places
    )


def _configuration_paths(source: ProjectSource, configuration: AlembicConfiguration) -> list[str]:
    """What was read, and what would have been read if it existed."""
    pyproject = (source.directory / "pyproject.toml").as_posix()
    return list(dict.fromkeys((*(path.as_posix() for path in configuration.files), pyproject)))
