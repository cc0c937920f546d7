"""Who brought each revision file in, kept between questions.

Git walks a repository's whole history to answer that, which takes seconds in a large one. An answer is kept in memory and
in a file, and carried on from commit to commit: only what came since is walked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.sources.git import run_git
from dashboard.sources.git_history import FileCommit, file_history

_FORMAT = 1
_FILES_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Answer:
    commit: str
    asked: frozenset[str]
    found: dict[str, FileCommit]


class Authorship:
    """One a process; threads may share it. Without a folder it is memory only. Right without what is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: dict[str, _Answer] = {}
        self._lock = threading.Lock()

    def of(self, directory: Path, paths: Iterable[str], commit: str, *, ref: str = "") -> Mapping[str, FileCommit]:
        """As file_history at a whole commit id. `ref` tells apart what is asked for the work tree and for each ref."""
        asked = frozenset(paths)
        key = hashlib.sha256(f"{directory}\0{ref}".encode("utf-8", "surrogateescape")).hexdigest()[:40]
        with self._lock:
            before = self._kept.get(key) or self._load(key)
        if before and before.commit == commit and asked <= before.asked:
            return before.found
        answer = _Answer(commit, asked, _carry_on(directory, asked, commit, before))
        with self._lock:
            while len(self._kept) >= _FILES_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = answer
        self._save(key, answer)
        return answer.found

    def _load(self, key: str) -> _Answer | None:
        if self._folder is None:
            return None
        try:
            stored = json.loads((self._folder / f"{key}.json").read_bytes())
            if stored["format"] != _FORMAT:
                return None
            found = {path: _from_plain(row) for path, row in stored["found"].items()}
            return _Answer(str(stored["commit"]), frozenset(stored["asked"]), found)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return None

    def _save(self, key: str, answer: _Answer) -> None:
        if self._folder is None:
            return
        plain = {path: _to_plain(found) for path, found in answer.found.items()}
        stored = {"format": _FORMAT, "commit": answer.commit, "asked": sorted(answer.asked), "found": plain}
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                    json.dump(stored, file)
                Path(name).replace(self._folder / f"{key}.json")
            except OSError:
                Path(name).unlink(missing_ok=True)
            self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        assert self._folder is not None
        files = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_FILES_KEPT:]:
            path.unlink(missing_ok=True)


def _carry_on(directory: Path, asked: frozenset[str], commit: str, before: _Answer | None) -> dict[str, FileCommit]:
    """What came since the last answer, over that answer; the whole history only where a file remains."""
    if before is None or not _is_ancestor(directory, before.commit, commit):
        return file_history(directory, asked, commit=commit)
    fresh = file_history(directory, asked, commit=f"{before.commit}..{commit}") if before.commit != commit else {}
    found = {path: answer for path in asked if (answer := fresh.get(path) or before.found.get(path))}
    # A file that is not committed was looked for in vain already; one that was renamed must be followed further back.
    remaining = asked - found.keys() - (before.asked - before.found.keys())
    return found | file_history(directory, remaining, commit=commit) if remaining else found


def _is_ancestor(directory: Path, older: str, newer: str) -> bool:
    return run_git(directory, "merge-base", "--is-ancestor", "--end-of-options", older, newer) is not None


def _to_plain(found: FileCommit) -> list[str]:
    return [found.commit, found.author, found.authored_at.isoformat(), found.committed_at.isoformat()]


def _from_plain(row: list[Any]) -> FileCommit:
    commit, author, authored, committed = row
    return FileCommit(commit, author, datetime.fromisoformat(authored), datetime.fromisoformat(committed))
