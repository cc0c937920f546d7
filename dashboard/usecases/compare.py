"""Compares two sides of a project: environments, git refs, the heads of the work tree. Changes and waits for nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from dashboard.revisions.changes import RevisionChange, SideChanges, in_every, revision_changes
from dashboard.revisions.comparison import Comparison, compare_histories
from dashboard.revisions.graph import RevisionGraph
from dashboard.sources.configuration import Project
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.tree_changes import merge_bases
from dashboard.usecases.compare_sides import ComparedSide, SideRefused, SideUnread, commit_reader, read_side
from dashboard.usecases.shared_tables import TablesReading, read_shared_tables

__all__ = ["ComparedSides", "SideRefused", "SideUnread", "compare"]

_KEPT = 32


@dataclass(frozen=True)
class ComparedSides:
    """Both sides, what each has alone, and the tables that both touch."""

    project: Project
    left: ComparedSide
    right: ComparedSide
    bases: tuple[str, ...]
    """The commits that both sides come from, as far as git knows."""
    comparison: Comparison
    tables: TablesReading


def compare(*, project: Project, left: str, right: str) -> ComparedSides:
    """`left` and `right`: `env:NAME` (its latest observation), `ref:GITREF` or `heads`. Raises SideRefused, UnknownName."""
    one, other = read_side(project, left), read_side(project, right)
    bases, comparison, tables = _compared(project, one, other)
    return ComparedSides(project, one, other, bases, comparison, tables)


_Answer = tuple[tuple[str, ...], Comparison, TablesReading]
_Key = tuple[Project, RevisionGraph, RevisionGraph, tuple[str, ...], tuple[str, ...], str, str]
_answers: OrderedDict[_Key, _Answer] = OrderedDict()
_lock = threading.Lock()


def _compared(project: Project, left: ComparedSide, right: ComparedSide) -> _Answer:
    """Graphs are the same objects for as long as nothing has changed, so they stand for what was read."""
    mine, theirs = left.history, right.history
    key = (project, mine.graph, theirs.graph, mine.heads, theirs.heads, left.commit, right.commit)
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    bases, changes = _find_changes(project, left, right)
    comparison = compare_histories(mine, theirs, changes, project.heads)
    answer = bases, comparison, read_shared_tables(project, left, right, comparison)
    with _lock:
        _answers[key] = answer
        while len(_answers) > _KEPT:
            _answers.popitem(last=False)
    return answer


def _find_changes(
    project: Project, left: ComparedSide, right: ComparedSide
) -> tuple[tuple[str, ...], SideChanges | None]:
    """What both did since their common commits; None where git does not tell."""
    if not (project.git and left.commit and right.commit) or left.history.graph is right.history.graph:
        return (), None
    bases = merge_bases(project.directory, left.commit, [right.commit])[right.commit]
    if not bases:
        return (), None
    return bases, SideChanges(_changes_since(project, left, bases), _changes_since(project, right, bases))


def _changes_since(project: Project, side: ComparedSide, bases: tuple[str, ...]) -> tuple[RevisionChange, ...]:
    """Of a work tree with what is not committed."""
    reader, source = commit_reader(), project.source()
    if not side.is_work_tree:
        known = reader.read(source, side.commit)
        found = reader.differences(source, known, [(base, side.commit) for base in bases])
        return in_every([difference.changes for difference in found])
    changes = []
    for base in bases:
        try:
            before = tuple(reader.read(source, base).graph.records.values())
        except ScriptDirectoryError:
            before = ()
        changes.append(revision_changes(before, side.history.graph.records.values()))
    return in_every(changes)
