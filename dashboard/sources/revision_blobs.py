"""Revision files by object id: each is read once, whatever tree it is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from dashboard.revisions.records import UnreadableFile
from dashboard.sources.git_blobs import stream_blobs
from dashboard.sources.revision_file import FileReading, read_revision_file

_FILES_KEPT = 200_000


class RevisionFiles:
    """What was read is kept; threads may share it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], FileReading] = {}

    def read(self, directory: Path, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], FileReading]:
        """Of (path as shown, object id): from memory, else read in one call of git."""
        missing = [file for file in dict.fromkeys(wanted) if file not in self._kept]
        if len(self._kept) + len(missing) > _FILES_KEPT:
            # A new dictionary, so that a thread that still reads the old one is not disturbed.
            self._kept = {}
            missing = list(dict.fromkeys(wanted))
        files = self._kept
        paths: dict[str, list[str]] = {}
        for path, blob in missing:
            paths.setdefault(blob, []).append(path)
        for blob, content in stream_blobs(directory, paths):
            for path in paths[blob]:
                files[path, blob] = _read(path, content)
        return files


def _read(path: str, content: bytes | OSError) -> FileReading:
    if isinstance(content, bytes):
        return read_revision_file(path, content)
    reason = f"It cannot be read: {content.strerror}."
    return FileReading(unreadable=UnreadableFile(path, None, reason))
