"""Where files are read from: the disk here, a commit in git_files. Paths are absolute and have forward slashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of one file that are taken in. The largest of 8,759 real revision files has 281 KB."""


class Kind(Enum):
    """What a name in a folder stands for."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder."""

    name: str
    path: str
    kind: Kind


class Files(Protocol):
    """A tree of files, as one moment or one commit has it. Nothing in it is ever executed."""

    def entries(self, folder: str) -> list[Entry]:
        """Sorted by name; empty where there is no such folder."""

    def is_folder(self, path: str) -> bool:
        """Links are followed."""

    def is_file(self, path: str) -> bool:
        """Whether it is a regular file; links are followed."""

    def real_path(self, path: str) -> str:
        """With every link resolved."""

    def contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """Each path with its bytes, of which there are LARGEST_FILE + 1 at most, or with the error of reading it."""

    def digest(self, path: str) -> str:
        """A hash of a file of any size. Raises OSError."""


class DiskFiles:
    """The work tree as it is on disk."""

    def entries(self, folder: str) -> list[Entry]:
        """As Files.entries."""
        try:
            with os.scandir(folder) as listed:
                found = [Entry(entry.name, entry.path, _kind(entry)) for entry in listed]
        except OSError:
            return []
        found.sort(key=lambda entry: entry.name)
        return found

    def is_folder(self, path: str) -> bool:
        """As Files.is_folder."""
        return Path(path).is_dir()

    def is_file(self, path: str) -> bool:
        """As Files.is_file."""
        return Path(path).is_file()

    def real_path(self, path: str) -> str:
        """As Files.real_path."""
        return os.path.realpath(path)

    def contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """As Files.contents."""
        for path in paths:
            try:
                yield path, _read(path)
            except OSError as error:
                yield path, error

    def digest(self, path: str) -> str:
        """As Files.digest: the sha256."""
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def read_one(files: Files, path: Path) -> bytes:
    """The bytes of one file. Raises OSError."""
    ((_, content),) = files.contents([path.as_posix()])
    if isinstance(content, OSError):
        raise content
    return content


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return Kind.LINK
    if entry.is_dir(follow_symlinks=False):
        return Kind.FOLDER
    return Kind.FILE if entry.is_file(follow_symlinks=False) else Kind.OTHER


def _read(path: str) -> bytes:
    # Plain system calls take half the time of a file object, and a pipe put in a file's place must not block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        wanted = min(os.fstat(descriptor).st_size, LARGEST_FILE) + 1
        content = os.read(descriptor, wanted)
        while len(content) == wanted <= LARGEST_FILE:
            # It has grown since.
            wanted = LARGEST_FILE + 1
            content += os.read(descriptor, wanted - len(content))
        return content
    finally:
        os.close(descriptor)
