"""Revision files by object id: each is read once, whatever tree it is in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dashboard.revisions.records import UnreadableFile
from dashboard.sources.git_files import read_blobs
from dashboard.sources.revision_file import FileReading, read_revision_file

_FILES_KEPT = 200_000
_BLOBS_AT_ONCE = 500


class RevisionFiles:
    """What was read is kept; threads may share it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], FileReading] = {}

    def read(self, directory: Path, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], FileReading]:
        """Of (path as shown, object id): from memory, else read in as few calls of git as can be."""
        missing = [file for file in dict.fromkeys(wanted) if file not in self._kept]
        if len(self._kept) + len(missing) > _FILES_KEPT:
            # A new dictionary, so that a thread that still reads the old one is not disturbed.
            self._kept = {}
            missing = list(dict.fromkeys(wanted))
        files = self._kept
        for part, contents in _contents(directory, missing):
            files |= {(path, blob): _read(path, contents.get(blob)) for path, blob in part}
        return files


def _contents(
    directory: Path, files: Sequence[tuple[str, str]]
) -> Iterator[tuple[Sequence[tuple[str, str]], Mapping[str, bytes | OSError]]]:
    """Part by part; while one is looked through, git unpacks the next."""
    parts = [files[start : start + _BLOBS_AT_ONCE] for start in range(0, len(files), _BLOBS_AT_ONCE)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        asked = deque(pool.submit(read_blobs, directory, [blob for _, blob in part]) for part in parts[:3])
        for number, part in enumerate(parts):
            contents = asked.popleft().result()
            if number + 3 < len(parts):
                asked.append(pool.submit(read_blobs, directory, [blob for _, blob in parts[number + 3]]))
            yield part, contents


def _read(path: str, content: bytes | OSError | None) -> FileReading:
    if isinstance(content, bytes):
        return read_revision_file(path, content)
    reason = f"It cannot be read: {content.strerror if content else 'the repository lacks it'}."
    return FileReading(unreadable=UnreadableFile(path, None, reason))
