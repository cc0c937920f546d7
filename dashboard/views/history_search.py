"""Finds revisions by id, message, label, file and author, in an index made once a graph."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from dashboard.revisions.graph import RevisionGraph
from dashboard.usecases.read_authors import FileCommit

_Authors = Mapping[str, FileCommit]
_OF_GRAPH: WeakKeyDictionary[RevisionGraph, tuple[_Authors, tuple[str, ...]]] = WeakKeyDictionary()


def find_rows(graph: RevisionGraph, authors: _Authors, text: str) -> list[int]:
    """Places in `graph.history()` of the revisions that hold each word of `text`, in any case."""
    words = text.casefold().split()
    return [number for number, held in enumerate(_index(graph, authors)) if all(word in held for word in words)]


def _index(graph: RevisionGraph, authors: _Authors) -> tuple[str, ...]:
    kept = _OF_GRAPH.get(graph)
    if kept and kept[0] is authors:
        return kept[1]
    index = []
    for record in graph.history():
        commit = authors.get(record.path)
        author = commit.author if commit else ""
        parts = (record.revision, record.message, record.path, *record.branch_labels, author)
        index.append("\n".join(parts).casefold())
    _OF_GRAPH[graph] = authors, tuple(index)
    return _OF_GRAPH[graph][1]
