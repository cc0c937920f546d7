"""Makes, finds and removes restored copies of SQLite databases: each a folder of its own with a marker in it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.backup_file import BackupRejected
from dashboard.databases.contents import Contents
from dashboard.databases.database import Deadline
from dashboard.databases.scratch_marker import PREFIX, Marker, ScratchUnavailable, make_name, read_marker
from dashboard.databases.sqlite.row_hashes import read_contents

MARKER_FILE = "marker"
_LONGEST_MARKER = 200


@contextmanager
def scratch_folder(folder: Path, marker: Marker) -> Iterator[DatabaseTarget]:
    """Where a copy may lie: a file that is not there yet, in a marked folder; removed afterwards.

    Raises ScratchUnavailable.
    """
    place = folder / make_name(marker)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700)
        (place / MARKER_FILE).write_text(str(marker))
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise ScratchUnavailable(f"{folder} cannot be written to: {error.strerror}.") from None
    try:
        yield DatabaseTarget(Dialect.SQLITE, str(place / "copy.db"))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def restore_copy(
    path: Path,
    target: DatabaseTarget,
    *,
    deadline: float,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda on_disk: None,
) -> str:
    """Copies a backup through SQLite itself to where `target` says; the tool that did it.

    `progress` gets the copy's bytes, the first time before there is any.

    Raises BackupRejected and ScratchUnavailable.
    """
    copy = Path(target.name)
    _check_space(path, copy.parent)
    limit, size = Deadline(deadline), path.stat().st_size

    def watch(_status: int, remaining: int, total: int) -> None:
        progress(size * (total - remaining) // max(1, total))
        if stop() or limit.passed():
            raise ScratchUnavailable("The restore was ended: it was stopped, or took longer than the time that it had.")

    source = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    restored = sqlite3.connect(copy, isolation_level=None)
    try:
        copy.chmod(0o600)
        progress(0)
        source.backup(restored, pages=5000, progress=watch)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
            raise ScratchUnavailable(f"The disk of {copy.parent.parent} is full. Make room there.") from None
        raise BackupRejected(f"{path.name} does not restore: {error}. Take another backup.") from None
    finally:
        restored.close()
        source.close()
    return f"SQLite {sqlite3.sqlite_version}"


def read_copy_contents(target: DatabaseTarget, *, deadline: float, tick: Callable[[int], None]) -> Contents:
    """What a restored copy holds. Raises BackupRejected and ScratchUnavailable."""
    limit = Deadline(deadline)
    connection = sqlite3.connect(f"file:{quote(target.name)}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.set_progress_handler(limit.passed, 100_000)
        return read_contents(connection, tick=tick)
    except sqlite3.Error as error:
        if limit.passed():
            raise ScratchUnavailable("The restored copy could not be read in the time that there was.") from None
        raise BackupRejected(f"The restored copy cannot be read: {error}. Take another backup.") from None
    finally:
        connection.close()


def sweep_folder(folder: Path, installation: str, is_alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Removes what this installation made for owners that are not alive any more; the names."""
    removed = []
    for place in sorted(folder.glob(f"{PREFIX}*")):
        marker = _marker_of(place)
        if marker is None or marker.installation != installation or is_alive(marker.owner):
            continue
        shutil.rmtree(place, ignore_errors=True)
        removed.append(place.name)
    return tuple(removed)


def _marker_of(place: Path) -> Marker | None:
    file = place / MARKER_FILE
    if place.is_symlink() or file.is_symlink():
        return None
    try:
        with file.open() as stream:
            return read_marker(stream.read(_LONGEST_MARKER))
    except (OSError, UnicodeDecodeError):
        return None


def _check_space(path: Path, folder: Path) -> None:
    needed, free = path.stat().st_size, shutil.disk_usage(folder).free
    if free < needed:
        raise ScratchUnavailable(
            f"The copy needs {needed / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free in {folder.parent}. Make room."
        )
