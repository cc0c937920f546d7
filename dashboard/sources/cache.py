"""Readings and their graphs, read anew only where something on disk has changed.

Right without it: whatever is in doubt is read again. A reading is in doubt where its files' names, sizes, times or
inodes differ, and where a file changed so shortly before the reading that a further change might carry the
same times.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.revisions.graph import RevisionGraph
from dashboard.sources import git
from dashboard.sources.alembic_configuration import AlembicConfiguration, read_alembic_configuration
from dashboard.sources.disk_signature import DiskSignature, sign
from dashboard.sources.files import DiskFiles, Files
from dashboard.sources.git_files import GitFiles
from dashboard.sources.head_commit import head_commit
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.reading_store import ReadingStore
from dashboard.sources.script_directory import ScriptDirectoryError, ScriptDirectoryReading, read_configured

_KEPT = 32
_SETTLED = 2_000_000_000
"""Nanoseconds after a change within which another one might not show: file systems count in steps of up to 2 s."""
_MORE_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """A script directory and the history that it makes up."""

    reading: ScriptDirectoryReading
    graph: RevisionGraph


class ReadingCache:
    """One a process; threads may share it, and processes share its folder. Without a folder it is memory only."""

    def __init__(self, folder: Path | None = None) -> None:
        self._store = ReadingStore(folder) if folder else None
        self._kept: OrderedDict[str, tuple[str, ProjectReading]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, settings: ProjectSource) -> ProjectReading:
        """As read_script_directory. Raises ScriptDirectoryError."""
        found, whole = self._read_once(settings)
        for _ in range(_MORE_ATTEMPTS):
            if whole:
                break
            found, whole = self._read_once(settings)
        return _with_commit(found, head_commit(settings.directory) if settings.git else "")

    @staticmethod
    def look(settings: ProjectSource) -> str:
        """Differs once `read` would read anew: names, sizes, times, configuration. Opens no revision file, asks no git."""
        try:
            configuration = read_alembic_configuration(settings, DiskFiles())
        except ScriptDirectoryError as error:
            return str(error)
        return f"{_sign(configuration).digest}:{configuration!r}"

    def _read_once(self, settings: ProjectSource) -> tuple[ProjectReading, bool]:
        """A reading, and whether all of it belongs to one moment; else a file changed while others were read."""
        started = time.time_ns()
        configuration = read_alembic_configuration(settings, DiskFiles())
        before = _sign(configuration)
        digest = f"{before.digest}:{configuration!r}"
        settled = before.newest < started - _SETTLED
        kept = self._find(_key(settings, ""), digest) if settled else None
        if kept is not None:
            return kept, True
        found = _read(settings, configuration, DiskFiles())
        whole = _sign(configuration) == before
        if whole and settled:
            self._keep(_key(settings, ""), digest, found)
        return found, whole

    def read_at(self, settings: ProjectSource, commit: str) -> ProjectReading:
        """As read_script_directory_at; equal trees are read once. Raises ScriptDirectoryError."""
        tree = git.run_git(
            settings.directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}"
        )
        digest = tree.decode("ascii").strip() if tree else ""
        found = self._find(_key(settings, digest), digest) if digest else None
        if found is None:
            files = GitFiles(settings.directory, commit)
            found = _read(settings, read_alembic_configuration(settings, files), files)
            if digest:
                self._keep(_key(settings, digest), digest, found)
        return _with_commit(found, commit)

    def _find(self, key: str, digest: str) -> ProjectReading | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept and kept[0] == digest:
                self._kept.move_to_end(key)
                return kept[1]
        stored = self._store.load(key, digest) if self._store else None
        if stored is None:
            return None
        found = ProjectReading(stored, RevisionGraph(stored.records))
        self._remember(key, digest, found)
        return found

    def _keep(self, key: str, digest: str, found: ProjectReading) -> None:
        self._remember(key, digest, found)
        if self._store:
            self._store.save(key, digest, found.reading)

    def _remember(self, key: str, digest: str, found: ProjectReading) -> None:
        with self._lock:
            self._kept[key] = digest, found
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _read(settings: ProjectSource, configuration: AlembicConfiguration, files: Files) -> ProjectReading:
    reading = read_configured(settings, configuration, files)
    return ProjectReading(reading, RevisionGraph(reading.records))


def _sign(configuration: AlembicConfiguration) -> DiskSignature:
    return sign(configuration.folders(), configuration.files, hidden=configuration.recursive)


def _with_commit(found: ProjectReading, commit: str) -> ProjectReading:
    if found.reading.commit == commit:
        return found
    return replace(found, reading=replace(found.reading, commit=commit))


def _key(settings: ProjectSource, tree: str) -> str:
    return hashlib.sha256(f"{settings!r}{tree}".encode("utf-8", "surrogateescape")).hexdigest()[:40]
