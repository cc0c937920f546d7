"""The files of one commit, read without touching the work tree."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.files import Entry, Kind
from dashboard.sources.git import run_git
from dashboard.sources.git_blobs import read_blobs

WHOLE_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""Of a commit or another object, SHA-1 or SHA-256."""
_BLOBS_AT_ONCE = 500
_LINKS_FOLLOWED = 20


class GitFiles:
    """As DiskFiles, but what `commit` holds at the places that the paths have in the work tree.

    `commit` is a whole id. Raises ScriptDirectoryError where the directory is in no repository or lacks the commit.
    """

    def __init__(self, directory: Path, commit: str) -> None:
        if not WHOLE_ID.fullmatch(commit):
            raise ScriptDirectoryError(f"{commit!r} is no whole commit id.")
        prefix = run_git(directory, "rev-parse", "--show-prefix")
        listed = run_git(directory, "ls-tree", "-r", "-z", "--full-tree", commit) if prefix is not None else None
        if prefix is None or listed is None:
            raise ScriptDirectoryError(f"{directory} is in no git repository that has the commit {commit}.")
        self._directory = directory
        depth = os.fsdecode(prefix).rstrip("\n").strip("/")
        tops = {directory.as_posix(), os.path.realpath(directory)}
        self._tops = [top.removesuffix(f"/{depth}") if depth else top for top in tops]
        self._folders: dict[str, dict[str, Entry]] = {}
        self._blobs: dict[str, str] = {}
        self._has_links = False
        for line in listed.split(b"\0"):
            if line:
                self._add(line)

    def entries(self, folder: str) -> list[Entry]:
        """As Files.entries; the paths begin as `folder` does."""
        inside = self._folders.get(self._follow(self._inside(folder)), {})
        return [Entry(name, f"{folder}/{name}", inside[name].kind) for name in sorted(inside)]

    def is_folder(self, path: str) -> bool:
        """As Files.is_folder."""
        return self._follow(self._inside(path)) in self._folders

    def is_file(self, path: str) -> bool:
        """As Files.is_file."""
        found = self._entry(self._follow(self._inside(path)))
        return found is not None and found.kind is Kind.FILE

    def real_path(self, path: str) -> str:
        """With the commit's own links resolved; below the top that the path itself names."""
        inside = self._inside(path)
        top = next((top for top in self._tops if path == top or path.startswith(f"{top}/")), self._tops[0])
        followed = self._follow(inside)
        return f"{top}/{followed}" if followed else top

    def contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """As Files.contents."""
        waiting = list(paths)
        for start in range(0, len(waiting), _BLOBS_AT_ONCE):
            part = waiting[start : start + _BLOBS_AT_ONCE]
            blobs = [self.blob(path) for path in part]
            found = read_blobs(self._directory, [blob for blob in blobs if blob])
            for path, blob in zip(part, blobs, strict=True):
                yield path, found.get(blob, OSError(errno.ENOENT, "The commit has no such file", path))

    def digest(self, path: str) -> str:
        """As Files.digest: git's own, which names the content as well."""
        return self.blob(path)

    def blob(self, path: str) -> str:
        """The object id of a file; empty where there is none. Equal ids are equal contents."""
        return self._blobs.get(self._follow(self._inside(path)), "")

    def place(self, path: str) -> str:
        """Where a path is from the repository's top, with the commit's links resolved."""
        return self._follow(self._inside(path))

    def _add(self, line: bytes) -> None:
        """`mode type id<TAB>path`."""
        about, _, raw_path = line.partition(b"\t")
        mode, kind, blob = about.decode("ascii").split()
        path = os.fsdecode(raw_path)
        if kind != "blob":
            return
        self._blobs[path] = blob
        entry_kind = Kind.LINK if mode == "120000" else Kind.FILE
        self._has_links = self._has_links or entry_kind is Kind.LINK
        while True:
            folder, _, name = path.rpartition("/")
            siblings = self._folders.setdefault(folder, {})
            known = name in siblings
            siblings.setdefault(name, Entry(name, path, entry_kind))
            if known or not folder:
                return
            path, entry_kind = folder, Kind.FOLDER

    def _entry(self, inside: str) -> Entry | None:
        folder, _, name = inside.rpartition("/")
        return self._folders.get(folder, {}).get(name)

    def _inside(self, path: str) -> str:
        """Relative to the repository's top; a path outside of it is kept, and is in no tree."""
        for top in self._tops:
            if path == top:
                return ""
            if path.startswith(f"{top}/"):
                inside = os.path.normpath(path[len(top) + 1 :])
                return "" if inside == "." else inside
        return path

    def _follow(self, inside: str) -> str:
        """Resolve the links of the commit, component by component; one that leads out of the tree stays as a path."""
        if not self._has_links:
            return inside
        done = ""
        todo = [part for part in inside.split("/") if part]
        links = 0
        while todo:
            done = f"{done}/{todo.pop(0)}".lstrip("/")
            entry = self._entry(done)
            if entry is None or entry.kind is not Kind.LINK:
                continue
            links += 1
            target = read_blobs(self._directory, [self._blobs[done]]).get(self._blobs[done])
            if links > _LINKS_FOLLOWED or not isinstance(target, bytes):
                return done
            folder = done.rpartition("/")[0]
            aimed = os.path.normpath("/".join(filter(None, (folder, os.fsdecode(target)))))
            if os.fsdecode(target).startswith("/") or aimed.startswith(".."):
                return f"../{aimed}"
            done, todo = "", [*(part for part in aimed.split("/") if part != "."), *todo]
        return done
