"""Which tables both sides of a comparison touch, read from the files of the revisions that each has alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.comparison import Comparison
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.touches import RevisionTouches, SharedTable, Unclear, shared_tables
from dashboard.sources.configuration import Project
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.git_blobs import read_blobs
from dashboard.sources.operations import read_operations
from dashboard.sources.revision_file import decode
from dashboard.usecases.compare_sides import ComparedSide, commit_reader
from dashboard.usecases.read_revision_source import SourceUnavailable, read_revision_source

REVISIONS_READ = 200
"""Of each side, the latest. Parsing a whole file takes a millisecond."""


@dataclass(frozen=True, slots=True)
class TablesReading:
    """`left` and `right`: what each of the revisions does, by id, as far as it was read."""

    shared: tuple[SharedTable, ...] = ()
    left: tuple[RevisionTouches, ...] = ()
    right: tuple[RevisionTouches, ...] = ()
    unread: int = 0
    """Revisions that were too many to read."""

    @property
    def unclear(self) -> tuple[tuple[str, Unclear], ...]:
        """(revision, what is not understood) of both sides."""
        return tuple((r.revision, note) for r in (*self.left, *self.right) for note in r.unclear)


def read_shared_tables(
    project: Project, left: ComparedSide, right: ComparedSide, comparison: Comparison
) -> TablesReading:
    """Executes nothing; a file that cannot be read is told as not understood."""
    mine = _touches(project, left, comparison.only_left[-REVISIONS_READ:])
    theirs = _touches(project, right, comparison.only_right[-REVISIONS_READ:])
    unread = len(comparison.only_left) + len(comparison.only_right) - len(mine) - len(theirs)
    return TablesReading(shared_tables(mine, theirs), mine, theirs, unread)


def _touches(project: Project, side: ComparedSide, records: Sequence[RevisionRecord]) -> tuple[RevisionTouches, ...]:
    sources = _sources(project, side, records)
    return tuple(
        read_operations(record.revision, source)
        if (source := sources.get(record.revision)) is not None
        else RevisionTouches(record.revision, (), (Unclear(0, f"{record.path} cannot be read"),))
        for record in records
    )


def _sources(project: Project, side: ComparedSide, records: Sequence[RevisionRecord]) -> dict[str, str]:
    """By revision: the text of its file on this side."""
    if side.is_work_tree:
        found = {}
        for record in records:
            try:
                found[record.revision] = read_revision_source(project=project, record=record)
            except SourceUnavailable:
                continue
        return found
    try:
        blobs = commit_reader().read(project.source(), side.commit).blobs
    except ScriptDirectoryError:
        return {}
    wanted = {record.revision: blobs[record.path] for record in records if record.path in blobs}
    contents = read_blobs(project.directory, list(wanted.values()))
    return {
        revision: decode(content)
        for revision, blob in wanted.items()
        if isinstance(content := contents.get(blob), bytes)
    }
