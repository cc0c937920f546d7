"""Who brought each revision in, and when, as git tells it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings

from dashboard.revisions.graph import RevisionGraph
from dashboard.sources.authorship import Authorship
from dashboard.sources.git_history import FileCommit
from dashboard.usecases.read_history import ProjectHistory

__all__ = ["Authors", "FileCommit", "read_authors"]

WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Authors:
    """By a record's path: the commit that added the file. What is not committed is left out."""

    found: Mapping[str, FileCommit]
    """The same object for as long as nothing has changed."""
    awaited: bool = False
    """Git is still walking the history: ask again later."""


_NONE = Authors({})
_AWAITED = Authors({}, awaited=True)
_OF_GRAPH: WeakKeyDictionary[RevisionGraph, tuple[str, Authors]] = WeakKeyDictionary()


def read_authors(history: ProjectHistory, *, wait: float = WAIT_SECONDS) -> Authors:
    """Empty outside of git.

    Walking ten thousand commits takes git ten seconds. It goes on in a thread when it takes longer than `wait` seconds
    after the first request, and what it finds is kept.
    """
    reading = history.reading
    if reading is None or not reading.commit:
        return _NONE
    kept = _OF_GRAPH.get(history.graph)
    if kept and kept[0] == reading.commit:
        return kept[1]
    question = _ask(history, reading.commit)
    question.join(max(0.0, question.started + wait - time.monotonic()))
    if question.is_alive():
        return _AWAITED
    answer = Authors(question.found)
    _OF_GRAPH[history.graph] = reading.commit, answer
    return answer


class _Question(threading.Thread):
    """A daemon, so that git holds up no exit."""

    def __init__(self, history: ProjectHistory, commit: str, authorship: Authorship) -> None:
        super().__init__(name="authors", daemon=True)
        self._history = history
        self._commit = commit
        self._authorship = authorship
        self.started = time.monotonic()
        self.found: Mapping[str, FileCommit] = {}

    def run(self) -> None:
        """Ask git, and keep the answer."""
        paths = [record.path for record in self._history.graph.records.values()]
        directory, ref = self._history.project.directory, self._history.ref
        self.found = self._authorship.of(directory, paths, self._commit, ref=ref)


_ASKED: WeakKeyDictionary[RevisionGraph, tuple[str, _Question]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _ask(history: ProjectHistory, commit: str) -> _Question:
    """The question that is being answered already, else a new one."""
    with _LOCK:
        asked = _ASKED.get(history.graph)
        if asked and asked[0] == commit:
            return asked[1]
        question = _Question(history, commit, _authorship(settings.DASHBOARD_DATA))
        _ASKED[history.graph] = commit, question
        question.start()
        return question


@lru_cache(maxsize=4)
def _authorship(data: Path) -> Authorship:
    return Authorship(data / "cache" / "authors")
