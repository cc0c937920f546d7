"""Writes a file that was not there before: whole or not at all, and never over another."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links answer."""


class FileNotWritten(Exception):
    """Nothing was written; the message names the path and says why and what to do."""


def write_new_file(path: Path, content: bytes, *, inside: Path) -> None:
    """Mode, and as root also the owner, are those of a neighbour. Folders that are missing below `inside` are made.

    `path` must lie in `inside`, an existing folder, also once links are followed. Raises FileNotWritten.
    """
    if not path.parent.resolve().is_relative_to(inside.resolve()):
        raise FileNotWritten(f"{path} does not lie in {inside}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(path, content)
    except FileExistsError:
        raise FileNotWritten(f"{path} exists already. It was left as it is.") from None
    except PermissionError:
        raise FileNotWritten(
            f"The dashboard's account may not write in {path.parent}. Let it, or download the file."
        ) from None
    except OSError as error:
        raise FileNotWritten(f"{path} cannot be written: {error.strerror}. Download the file instead.") from None


def _write_beside(path: Path, content: bytes) -> None:
    """First under a name that Alembic does not load, then under its own, which a link takes only if it is free."""
    neighbour = _neighbour(path)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            _resemble(file.fileno(), neighbour)
        try:
            os.link(name, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _write_alone(path, content, neighbour)
    finally:
        os.unlink(name)  # noqa: PTH108  (mkstemp gave a string)


def _write_alone(path: Path, content: bytes, neighbour: os.stat_result | None) -> None:
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            _resemble(file.fileno(), neighbour)
        except OSError:
            path.unlink()
            raise


def _neighbour(path: Path) -> os.stat_result | None:
    """Of the youngest file of the same kind in the folder, else in the folder above."""
    for folder in (path.parent, path.parent.parent):
        found = [entry.stat() for entry in folder.glob(f"*{path.suffix}") if entry.is_file()]
        if found:
            return max(found, key=lambda status: status.st_mtime)
    return None


def _resemble(descriptor: int, neighbour: os.stat_result | None) -> None:
    os.fchmod(descriptor, neighbour.st_mode & 0o666 if neighbour else 0o644)
    if neighbour and os.geteuid() == 0:
        with suppress(OSError):
            os.fchown(descriptor, neighbour.st_uid, neighbour.st_gid)
