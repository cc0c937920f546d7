"""An older version of a file, found in git by the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dashboard.sources.git import run_git
from dashboard.sources.git_blobs import read_blobs

_VERSIONS_SEARCHED = 200


@dataclass(frozen=True, slots=True)
class FileVersion:
    """What a commit had at a path."""

    commit: str
    content: bytes


def find_version(directory: Path, path: str, sha256: str) -> FileVersion | None:
    """The newest commit of any ref that changed the file to these bytes. `path` is relative to `directory`, or absolute.

    None outside of git, and where no commit has them: they were never committed.
    """
    options = ("--all", "--raw", "-z", "-m", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv")
    given = os.path.relpath(path, directory) if Path(path).is_absolute() else path
    answer = run_git(directory, "log", *options, "--no-color", "--format=%x01%H", "--", given)
    versions: dict[str, str] = {}
    commit = ""
    for field in (answer or b"").replace(b"\x01", b"\0\x01").split(b"\0"):
        text = field.strip(b"\n")
        if text.startswith(b"\x01"):
            commit = text[1:].decode("ascii")
        elif text.startswith(b":"):
            # :old-mode new-mode old-id new-id letter
            after = text.decode("ascii").split(" ")[3]
            versions.setdefault(after, commit)
    wanted = [blob for blob in versions if set(blob) != {"0"}][:_VERSIONS_SEARCHED]
    for blob, content in read_blobs(directory, wanted).items():
        if isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == sha256:
            return FileVersion(versions[blob], content)
    return None
