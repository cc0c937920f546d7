"""Where revisions exist that a checkout lacks, searched again only when a ref has moved."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from dashboard.sources.git_refs import GitRef, list_refs
from dashboard.sources.git_search import FoundRevision, find_revisions

_KEPT = 32
"""Sets of folders, that is, projects and refs."""


class RevisionSearch:
    """One a process; threads may share it."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Path, ...], tuple[tuple[GitRef, ...], dict[str, FoundRevision | None]]] = {}
        self._lock = threading.Lock()

    def find(self, directory: Path, folders: Iterable[Path], revisions: Iterable[str]) -> dict[str, FoundRevision]:
        """As find_revisions; `directory` lies in the repository whose refs are watched."""
        key, wanted = (directory, *folders), list(revisions)
        refs = list_refs(directory)
        with self._lock:
            seen, answers = self._answers.get(key, ((), {}))
            known = dict(answers) if seen == refs else {}
        missing = [revision for revision in wanted if revision not in known]
        if missing:
            found = find_revisions(key[1:], missing)
            known |= {revision: found.get(revision) for revision in missing}
            self._remember(key, refs, known)
        return {revision: answer for revision in wanted if (answer := known[revision]) is not None}

    def _remember(
        self, key: tuple[Path, ...], refs: tuple[GitRef, ...], known: dict[str, FoundRevision | None]
    ) -> None:
        with self._lock:
            while len(self._answers) >= _KEPT:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = refs, known
