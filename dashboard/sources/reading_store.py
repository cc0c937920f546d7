"""Readings kept in files, for processes that start later or run beside this one."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.revisions.records import Problem, ProblemKind, RevisionRecord, UnreadableFile
from dashboard.sources.script_directory import ScriptDirectoryReading

_FORMAT = 1
_READINGS_KEPT = 64
_LARGEST = 64 * 1024 * 1024
"""Bytes of one stored reading; 20,000 revisions take a tenth of it."""


class ReadingStore:
    """A folder with one file a key. Nothing depends on it: what is missing, old or damaged is read anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str, digest: str) -> ScriptDirectoryReading | None:
        """The reading stored under `key`, if it was stored with the same digest."""
        try:
            path = self._folder / f"{key}.json"
            if path.stat().st_size > _LARGEST:
                return None
            stored = json.loads(path.read_bytes())
            if stored["format"] != _FORMAT or stored["digest"] != digest:
                return None
            reading = _from_plain(stored["reading"])
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return reading

    def save(self, key: str, digest: str, reading: ScriptDirectoryReading) -> None:
        """Keep a reading; the least recently used ones go."""
        content = json.dumps({"format": _FORMAT, "digest": digest, "reading": _to_plain(reading)}).encode()
        if len(content) > _LARGEST:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(name).replace(self._folder / f"{key}.json")
            except OSError:
                Path(name).unlink(missing_ok=True)
            self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        used = sorted(self._folder.iterdir(), key=_last_used, reverse=True)
        for path in used[_READINGS_KEPT:]:
            path.unlink(missing_ok=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _to_plain(reading: ScriptDirectoryReading) -> dict[str, Any]:
    return {
        "records": [_record_to_plain(record) for record in reading.records],
        "unreadable": [[file.path, file.line, file.reason] for file in reading.unreadable],
        "problems": [[p.kind, p.revision, p.path, p.line, p.detail, p.hint] for p in reading.problems],
        "script_location": str(reading.script_location),
        "version_locations": [str(location) for location in reading.version_locations],
        "files": reading.files,
    }


def _record_to_plain(record: RevisionRecord) -> list[Any]:
    return [
        record.revision,
        record.down_revision,
        record.depends_on,
        record.branch_labels,
        record.message,
        record.create_date,
        record.created_at.isoformat() if record.created_at else None,
        record.path,
        record.sha256,
        record.set_by_code,
        record.lines,
    ]


def _from_plain(plain: Mapping[str, Any]) -> ScriptDirectoryReading:
    return ScriptDirectoryReading(
        records=tuple(_record_from_plain(row) for row in plain["records"]),
        unreadable=tuple(UnreadableFile(*row) for row in plain["unreadable"]),
        problems=tuple(Problem(ProblemKind(row[0]), *row[1:]) for row in plain["problems"]),
        script_location=Path(plain["script_location"]),
        version_locations=tuple(Path(location) for location in plain["version_locations"]),
        files=dict(plain["files"]),
        commit="",
    )


def _record_from_plain(row: Sequence[Any]) -> RevisionRecord:
    return RevisionRecord(
        row[0],
        tuple(row[1]),
        tuple(row[2]),
        tuple(row[3]),
        row[4],
        row[5],
        datetime.fromisoformat(row[6]) if row[6] else None,
        row[7],
        row[8],
        tuple(row[9]),
        tuple((name, line) for name, line in row[10]),
    )
