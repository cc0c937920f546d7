"""Puts a restored file in the place of a SQLite database, and keeps the file that was there.

Two rules keep both whole. Nobody may have the old file open: who has would go on writing to it under its new name. And
no log or journal of the old file may lie beside the new one: SQLite would apply it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import delete_backup
from dashboard.databases.contents import Contents
from dashboard.databases.database import Deadline
from dashboard.databases.restoration import DeletionRefused, Names, RestoreUnavailable, Survey
from dashboard.databases.sqlite.connection import read_unchanged
from dashboard.databases.sqlite.row_hashes import read_contents
from dashboard.databases.sqlite.run_lock import processes_with
from dashboard.databases.sqlite.scratch import restore_copy

ALONE_WITHIN = 5.0
"""Seconds in which others, who look at the file now and then, have closed it."""
BETWEEN_LOOKS = 0.05
MARK = ".mark"
_BESIDE = ("-wal", "-shm", "-journal")


def read_now(target: DatabaseTarget, *, deadline: float) -> Contents:
    """What the database holds, without changing a byte beside it. Raises DatabaseUnavailable."""
    limit = Deadline(deadline)

    def read(connection: sqlite3.Connection) -> Contents:
        connection.set_progress_handler(limit.passed, 100_000)
        return read_contents(connection, tick=lambda done: None)

    return read_unchanged(Path(target.name).resolve(), read, timeout=deadline)


def survey(target: DatabaseTarget, path: Path) -> Survey:
    """What would be in the way of the backup `path`, and what does not come along."""
    file = Path(target.name).resolve()
    holders = _others_with(file, Deadline(1.0))
    needed = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(file.parent).free
    obstacles = [
        (holders, f"The file is open in other processes: {holders}. SQLite cannot close it there: stop them."),
        (not os.access(file.parent, os.W_OK | os.X_OK), f"{file.parent} cannot be written to by the worker's account."),
        (free < needed, f"A copy needs {needed / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free. Make room."),
    ]
    return Survey(
        obstacles=tuple(words for is_so, words in obstacles if is_so),
        carried=("The file's owner and its rights, and whether it keeps a write-ahead log.",),
        left=("The file's identity (its inode): plans and backups made before are of the replaced file.",),
        ended=(),
    )


def restore_beside(
    names: Names, path: Path, *, deadline: float, stop: Callable[[], bool], progress: Callable[[int], None]
) -> str:
    """Writes the copy beside the database; the tool that did it. Raises what restore_copy does."""
    copy = Path(names.restored.name)
    try:
        _mark(copy).write_text(names.restored_mark)
    except OSError as error:
        raise RestoreUnavailable(f"{copy.parent} cannot be written to: {error.strerror}.") from None
    return restore_copy(path, names.restored, deadline=deadline, stop=stop, progress=progress)


def drop_restored(names: Names) -> None:
    """Where it is there and has our mark: what failed, was stopped, or was left by a crash."""
    copy = Path(names.restored.name)
    if _read_mark(copy) == names.restored_mark:
        delete_backup(copy)
        _mark(copy).unlink(missing_ok=True)


def swap(target: DatabaseTarget, names: Names) -> tuple[str, ...]:
    """Under the run's lock. Sentences on what could not be carried over. Raises RestoreUnavailable: nothing changed."""
    file, kept, copy = Path(target.name), Path(names.replaced.name), Path(names.restored.name)
    try:
        was_wal = _leave_wal(file)
        try:
            left = _carry_over(file, copy, was_wal=was_wal)
            _exchange_alone(file, kept, copy, names)
        except BaseException:
            if was_wal:
                _set_journal_mode(file, "WAL")
            raise
    except sqlite3.Error as error:
        raise RestoreUnavailable(
            f"{file} is in use ({error}), so it was not replaced. Stop the programs that have it open."
        ) from None
    if late := _others_with(kept, Deadline(1.0)):
        left = (*left, f"The old file was opened at the last moment, and is still open, in {late}. Restart them.")
    return left


def is_replaced(names: Names) -> bool:
    """The file under the replaced one's name has its mark."""
    return _read_mark(Path(names.replaced.name)) == names.replaced_mark


def delete_replaced(names: Names) -> None:
    """Removes it where it has our mark; one that is gone is no error. Raises DeletionRefused."""
    kept = Path(names.replaced.name)
    if not kept.exists():
        _mark(kept).unlink(missing_ok=True)
        return
    if not is_replaced(names):
        raise DeletionRefused(f"{kept} does not carry the mark of this run, so it is left alone.")
    try:
        delete_backup(kept)
        _mark(kept).unlink(missing_ok=True)
    except OSError as error:
        raise DeletionRefused(f"{kept} could not be deleted: {error.strerror}.") from None


def _exchange_alone(file: Path, kept: Path, copy: Path, names: Names) -> None:
    connection = _connect(file)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        if holders := _others_with(file, Deadline(ALONE_WITHIN)):
            raise RestoreUnavailable(f"{file} is open in other processes: {holders}. Stop them, then confirm anew.")
        _exchange(file, kept, copy, names)
    finally:
        connection.close()


def _exchange(file: Path, kept: Path, copy: Path, names: Names) -> None:
    """The name leads to one whole database at every moment: first to the old one, then to the new one."""
    for suffix in _BESIDE:
        for one in (file, copy):
            beside = one.with_name(one.name + suffix)
            if beside.exists() and beside.stat().st_size:
                raise RestoreUnavailable(f"{beside} holds what was not written to the database yet. Try again later.")
    try:
        _mark(kept).write_text(names.replaced_mark)
        os.link(file, kept)
        copy.replace(file)
    except OSError as error:
        # The name still leads to the old file: what was linked is the same file once more.
        if kept.exists() and file.exists() and kept.samefile(file):
            kept.unlink()
        _mark(kept).unlink(missing_ok=True)
        raise RestoreUnavailable(f"{file} could not be replaced: {error.strerror}.") from None
    with suppress(OSError):
        _mark(copy).unlink(missing_ok=True)
        descriptor = os.open(file.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _leave_wal(file: Path) -> bool:
    """Brings all of the log into the file, which only the last one who has it open can; whether there was one."""
    connection = _connect(file)
    try:
        was = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if was != "wal":
            return False
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
            raise sqlite3.OperationalError("another program has it open")
        return True
    finally:
        connection.close()


def _carry_over(file: Path, copy: Path, *, was_wal: bool) -> tuple[str, ...]:
    """Journal mode, owner and rights of the old file, durably."""
    _set_journal_mode(copy, "WAL" if was_wal else "DELETE")
    status = file.stat()
    left: tuple[str, ...] = ()
    try:
        os.chown(copy, status.st_uid, status.st_gid)
    except OSError:
        left = ("The file's owner: the worker's account may not give files away.",) if _differs(copy, status) else ()
    copy.chmod(status.st_mode & 0o7777)
    with copy.open("rb") as stream:
        os.fsync(stream.fileno())
    return left


def _set_journal_mode(file: Path, mode: str) -> None:
    connection = _connect(file)
    try:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    finally:
        connection.close()


def _differs(copy: Path, wanted: os.stat_result) -> bool:
    found = copy.stat()
    return (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid)


def _others_with(file: Path, limit: Deadline) -> str:
    """`pid 12, user app; ...` of processes that have the file open and do not close it in time. Linux only, else none."""
    while True:
        found = [s for s in processes_with(file) if s.pid != os.getpid()]
        if not found or limit.passed():
            return "; ".join(f"pid {s.pid}, user {s.user}" for s in found)
        time.sleep(BETWEEN_LOOKS)


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=ALONE_WITHIN, isolation_level=None)


def _mark(file: Path) -> Path:
    return file.with_name(file.name + MARK)


def _read_mark(file: Path) -> str:
    try:
        return _mark(file).read_text()
    except (OSError, UnicodeDecodeError):
        return ""
