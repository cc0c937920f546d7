"""What a folder looks like from outside, so that an unchanged one need not be read again."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.file_hashes import SKIPPED_ENDINGS, is_skipped_folder


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
    look = _Look(hidden)
    for path in files:
        look.note(str(path), _status(str(path)))
    for folder in folders:
        look.note(str(folder), _status(str(folder)))
        look.below(str(folder))
    return look.signature()


class _Look:
    """Collects names and numbers. Names come in the file system's order; another order only costs a reading."""

    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self._names: list[str] = []
        self._numbers: list[int] = []

    def note(self, path: str, status: os.stat_result | None) -> None:
        """Take one file or folder; None stands for a missing one."""
        self._names.append(path)
        if status is not None:
            self._numbers += (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        else:
            self._numbers += (0, 0, 0, 0)

    def below(self, folder: str) -> None:
        """Take everything in a folder. Asking by descriptor spares the kernel the walk along the path, each time."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            self._entries(folder, descriptor)
        finally:
            os.close(descriptor)

    def _entries(self, folder: str, descriptor: int) -> None:
        names, numbers = self._names, self._numbers
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(SKIPPED_ENDINGS):
                    continue
                if not entry.is_file(follow_symlinks=False):
                    self._no_file(f"{folder}/{name}", entry)
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    self.note(name, None)
                    continue
                names.append(name)
                numbers += (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        names.append("")

    def _no_file(self, path: str, entry: os.DirEntry[str]) -> None:
        if not entry.is_dir(follow_symlinks=False):
            self.note(path, _status(path, follow_symlinks=False))
            self.note(path, _status(path))
        elif entry.name != "__pycache__" and (self._hidden or not is_skipped_folder(entry.name)):
            self.note(path, _status(path))
            self.below(path)

    def signature(self) -> DiskSignature:
        """Of all that was taken."""
        text = "\0".join(self._names).encode("utf-8", "surrogateescape")
        try:
            numbers = array("q", self._numbers).tobytes()
        except OverflowError:
            # An inode number of 64 bits, as some network file systems have.
            numbers = repr(self._numbers).encode("ascii")
        newest = max(max(self._numbers[0::4], default=0), max(self._numbers[1::4], default=0))
        return DiskSignature(hashlib.sha256(text + b"\0\0" + numbers).hexdigest(), newest)


def _status(path: str, *, follow_symlinks: bool = True) -> os.stat_result | None:
    try:
        return Path(path).stat(follow_symlinks=follow_symlinks)
    except OSError:
        return None
