"""What a folder looks like from outside, so that an unchanged one need not be read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.file_hashes import is_skipped_folder, is_skipped_name


@dataclass(frozen=True, slots=True)
class DiskSignature:
    """Of all names, sizes, times and inodes below some folders."""

    digest: str
    newest: int
    """The latest change of content or status of any of them, in nanoseconds since the epoch."""


def sign(folders: Iterable[Path], files: Iterable[Path], *, hidden: bool = False) -> DiskSignature:
    """Look at every file and folder once without opening any. What is missing is part of it too.

    With `hidden`, folders are looked into that are part of a run only where they hold revisions.
    """
    lines: list[str] = []
    newest = 0
    for path, status in _statuses(folders, files, hidden):
        if status is None:
            lines.append(f"{path}\0missing")
            continue
        newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
        times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
        lines.append(f"{path}\0{status.st_mode}\0{status.st_size}\0{times}\0{status.st_ino}\0{status.st_dev}")
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return DiskSignature(hashlib.sha256(text).hexdigest(), newest)


def _statuses(
    folders: Iterable[Path], files: Iterable[Path], hidden: bool
) -> Iterator[tuple[str, os.stat_result | None]]:
    folders = list(folders)
    for path in (*files, *folders):
        yield str(path), _status(str(path))
    for folder in folders:
        yield from _below(str(folder), hidden)


def _below(folder: str, hidden: bool) -> Iterator[tuple[str, os.stat_result | None]]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__" and (hidden or not is_skipped_folder(entry.name)):
                yield entry.path, _status(entry.path)
                yield from _below(entry.path, hidden)
        elif not is_skipped_name(entry.name):
            yield entry.path, _entry_status(entry)
            if entry.is_symlink():
                yield f"{entry.path}\0target", _status(entry.path)


def _entry_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _status(path: str) -> os.stat_result | None:
    """Links are followed."""
    try:
        return Path(path).stat()
    except OSError:
        return None
