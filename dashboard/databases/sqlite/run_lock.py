"""The lock of a run on a SQLite file: flock on a file beside it, which the child inherits.

An flock belongs to the open file, and all processes that inherited the descriptor share it: it ends when the last of
them has. So it is given up by closing, never by LOCK_UN, which would take it from the child too.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from dashboard.databases.database import Deadline, LockHeld, LockUnavailable, Session

SUFFIX = ".dashboard-lock"
APPLICATION = "alembic-dashboard run"
BETWEEN_TRIES = 0.05
SHORTEST_WAIT = 0.2
"""Seconds. Looking at a lock takes it for an instant, so one failed try proves nothing."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that this process holds through `descriptor`."""

    path: Path
    descriptor: int

    def is_held(self) -> bool:
        """Whether the file that we locked is still the one that others would lock."""
        return _is_at(self.descriptor, self.path)

    def sessions(self) -> tuple[Session, ...]:
        """Other processes that hold the lock with us: those of this run. Knows them on Linux only, else none."""
        return tuple(s for s in processes_with(self.path) if s.pid != os.getpid())


def lock_path(database: Path) -> Path:
    """The file beside `database` that is locked in its stead; it stays, empty or not, when the lock is given up."""
    return database.with_name(database.name + SUFFIX)


@contextmanager
def hold_lock(database: Path, *, wait: float) -> Iterator[HeldLock]:
    """Raises LockHeld and LockUnavailable."""
    path = lock_path(database)
    descriptor = _lock(path, Deadline(max(wait, SHORTEST_WAIT)))
    try:
        _sign(descriptor)
        yield HeldLock(path, descriptor)
    finally:
        os.close(descriptor)


def sessions_holding(database: Path) -> tuple[Session, ...]:
    """The processes that hold the lock; where they cannot be listed, the one that signed it."""
    path = lock_path(database)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return processes_with(path, besides=descriptor) or (_signer(path),)
    finally:
        os.close(descriptor)
    return ()


def wait_for_writers(database: Path, *, wait: float) -> None:
    """Begins an exclusive transaction and takes it back: somebody else's open one, by hand say, keeps a run out.

    What a crash left in a rollback journal is undone by this, as by whoever writes next. Raises LockHeld and
    LockUnavailable.
    """
    uri = f"file:{quote(str(database))}?mode=rw"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=max(wait, SHORTEST_WAIT), isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise LockHeld(
                f"Another process is in the middle of a transaction on {database}: alembic by hand, perhaps. Wait "
                "until it has ended, then look again at what is pending."
            ) from None
        raise LockUnavailable(
            f"{database} cannot be written to ({error}). Let the worker's account write to it and its folder."
        ) from None


def kill_holders(database: Path) -> int:
    """Ends other processes of this machine that hold the lock, as a run left them behind. How many. Linux only."""
    path = lock_path(database)
    killed = 0
    for session in processes_with(path):
        if session.pid != os.getpid() and _holds_lock(session.pid, path):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(session.pid, signal.SIGKILL)
                killed += 1
    return killed


def _holds_lock(pid: int, path: Path) -> bool:
    """Whether an open file of the process carries the lock: looking at it, as others do, is not holding it."""
    try:
        wanted = path.stat()
        names = [name.name for name in Path(f"/proc/{pid}/fd").iterdir() if _leads_to(name, wanted)]
        return any("FLOCK" in Path(f"/proc/{pid}/fdinfo/{name}").read_text() for name in names)
    except OSError:
        return False


def _lock(path: Path, deadline: Deadline) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LockUnavailable(
                f"The lock file {path} cannot be opened ({error.strerror}). Let the worker's account write in the "
                "database's folder; SQLite needs that too."
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise LockUnavailable(
                f"{path} cannot be locked ({error.strerror}). Keep the database on a local disk."
            ) from None
        else:
            if _is_at(descriptor, path):
                return descriptor
            os.close(descriptor)  # somebody deleted the file while we opened it
        if deadline.passed():
            raise LockHeld(_who_holds(path))
        time.sleep(BETWEEN_TRIES)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _sign(descriptor: int) -> None:
    signature = {
        "pid": os.getpid(),
        "user": _account(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(signature).encode(), 0)


def _signer(path: Path) -> Session:
    """Who took the lock last, as the lock file tells."""
    try:
        signature = json.loads(path.read_bytes())
        since = datetime.fromisoformat(signature["since"])
        return Session(int(signature["pid"]), str(signature["user"]), APPLICATION, "", since)
    except (OSError, ValueError, KeyError, TypeError):
        return Session(0, "", APPLICATION, "", None)


def _who_holds(path: Path) -> str:
    signer = _signer(path)
    others = [s for s in processes_with(path) if s.pid not in (signer.pid, os.getpid())]
    since = f" since {signer.since:%Y-%m-%d %H:%M:%S} UTC" if signer.since else ""
    named = f"taken by pid {signer.pid}, user {signer.user}{since}"
    if others:
        named += f"; held by {', '.join(f'pid {s.pid}, user {s.user}' for s in others)}"
    return f"Another run, or a process of an earlier one, holds {path} ({named}). Wait until it has ended."


def processes_with(path: Path, besides: int | None = None) -> tuple[Session, ...]:
    """The processes that have `path` open, as far as /proc shows them to this account."""
    try:
        wanted = path.stat()
    except OSError:
        return ()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        with suppress(OSError):
            if any(
                not (pid == os.getpid() and name.name == str(besides)) and _leads_to(name, wanted)
                for name in (folder / "fd").iterdir()
            ):
                found.append(_session(folder, pid))
    return tuple(sorted(found, key=lambda session: session.pid))


def _leads_to(link: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(link.stat(), wanted)
    except OSError:
        return False


def _session(folder: Path, pid: int) -> Session:
    status = folder.stat()
    return Session(pid, _account(status.st_uid), APPLICATION, "", datetime.fromtimestamp(status.st_ctime, UTC))


def _account(uid: int | None = None) -> str:
    try:
        return pwd.getpwuid(os.getuid() if uid is None else uid).pw_name
    except KeyError:
        return str(os.getuid() if uid is None else uid)
