"""Backs up a PostgreSQL database with pg_dump's directory format, and reads such a backup through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import (
    PARTIAL,
    BackupFailed,
    BackupFile,
    BackupRejected,
    BackupUnavailable,
    Doing,
    Progress,
    Readiness,
    ReadThrough,
    Tooling,
    delete_backup,
    free_space,
    hash_backup,
    keep,
    make_folder,
    measure,
)
from dashboard.databases.contents import Contents
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.external_program import ProgramFailed, ProgramStopped, run_program
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.preflight import require_rights
from dashboard.databases.postgresql.programs import (
    APPLICATION,
    find_programs_for,
    list_programs,
    program_environment,
)
from dashboard.databases.postgresql.row_hashes import Table, list_tables, lock_tables, read_contents
from dashboard.revisions.status import Reason
from dashboard.secrets import Masker

CONNECT_TIMEOUT = 10.0
LOCK_WAIT_MILLISECONDS = 5000
"""How long a backup waits for a table that somebody is changing."""
_SUFFIX = ".pgdump"

_LOCKED = "A table is locked by another session. Take the backup when that has ended."
_HINTS = (
    ("row-level security", "Row-level security hides rows from this role. Grant the role BYPASSRLS for backups."),
    ("permission denied", "This role may not read everything. Grant it SELECT on what is named."),
    ("lock timeout", _LOCKED),
    ("statement timeout", _LOCKED),
    ("No space left", "The disk is full. Free space there, or set backup.directory to another disk."),
)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    name: str
    taken_at: datetime
    tables: tuple[Table, ...]
    connection: Connection
    """In the transaction that the snapshot is of."""


def check_database(target: DatabaseTarget, *, directory: Path, tools: str, timeout: float) -> Readiness:
    """See check_backup: programs, rights, row-level security; the space that there is."""
    tooling = find_programs_for(target, tools, timeout=timeout)
    size = require_rights(target, timeout=timeout)
    return Readiness(tooling, size.tables, size.data_bytes, free_space(directory))


def dump_database(
    target: DatabaseTarget,
    *,
    directory: Path,
    stem: str,
    tools: str,
    progress: Callable[[Progress], None],
    deadline: float,
    stop: Callable[[], bool],
) -> BackupFile:
    """See take_backup: a folder `STEM.pgdump`, of a snapshot whose moment is known.

    Rows are counted and hashed in that same snapshot once pg_dump is done, so that its time is its own.
    """
    limit = Deadline(deadline)
    tooling = find_programs_for(target, tools, timeout=min(CONNECT_TIMEOUT, deadline))
    require_rights(target, timeout=min(CONNECT_TIMEOUT, deadline))
    make_folder(directory)
    path = directory / f"{stem}{_SUFFIX}"
    partial = path.with_name(path.name + PARTIAL)
    if path.exists() or partial.exists():
        raise BackupFailed(f"{path.name} is there already. Take the backup under another name.")
    try:
        with _cleanly(target):
            with _snapshot(target, limit, stop) as snapshot:
                _dump(target, tooling, snapshot, partial, progress=progress, limit=limit, stop=stop)
                written = measure(partial)
                contents, contents_error = _read_contents(
                    snapshot, limit, lambda done: progress(Progress(Doing.COUNTING, written, done))
                )
            size, digest = hash_backup(partial)
            keep(partial, path)
    except BaseException:
        delete_backup(partial)
        raise
    return BackupFile(
        path, size, digest, snapshot.taken_at, tooling.version, len(snapshot.tables), contents, contents_error
    )


def _dump(
    target: DatabaseTarget,
    tooling: Tooling,
    snapshot: _Snapshot,
    partial: Path,
    *,
    progress: Callable[[Progress], None],
    limit: Deadline,
    stop: Callable[[], bool],
) -> None:
    with program_environment(target) as environment:
        # No connection data in the arguments: other accounts can read those.
        run_program(
            [
                (tooling.folder or Path()) / "pg_dump", "-Fd", "-j2", "-Z1", "-f", partial,
                f"--snapshot={snapshot.name}", f"--lock-wait-timeout={LOCK_WAIT_MILLISECONDS}", "--no-password",
            ],
            environment,
            deadline=limit,
            stop=stop,
            tick=lambda: progress(_measure_dump(partial)),
        )  # fmt: skip


def _measure_dump(partial: Path) -> Progress:
    """pg_dump makes a table's file when it begins with it."""
    tables = sum(1 for _ in partial.glob("*.dat.gz"))
    return Progress(Doing.COPYING, measure(partial), tables)


def _read_contents(snapshot: _Snapshot, limit: Deadline, tick: Callable[[int], None]) -> tuple[Contents | None, str]:
    """A dump is a dump although it cannot be told what a copy of it must hold."""
    try:
        return read_contents(snapshot.connection, limit, snapshot.tables, tick=tick), ""
    except DatabaseUnavailable as error:
        return None, f"What the snapshot holds could not be read: {error.detail}"


def read_dump(path: Path, *, tools: str, deadline: float) -> ReadThrough:
    """See read_through. Uses the newest programs there are: an older pg_restore refuses a newer dump."""
    if not (path / "toc.dat").is_file():
        raise BackupRejected(f"{path.name} is no backup: it has no table of contents.")
    _require_compressed(path)
    programs = list_programs(tools)
    if not programs:
        raise BackupUnavailable("pg_restore was not found. Install it, or set backup.tools to its folder.")
    pg_restore = programs[0].folder / "pg_restore"
    limit, started = Deadline(deadline), time.monotonic()
    try:
        with program_environment(None) as environment:
            contents = run_program([pg_restore, "-Fd", "--list", path], environment, deadline=limit)
            run_program([pg_restore, "-Fd", "-f", "/dev/null", path], environment, deadline=limit)
    except (ProgramFailed, ProgramStopped) as error:
        raise BackupRejected(
            f"{path.name} cannot be read through: {_one_line(str(error))}. Take another backup."
        ) from None
    entries = sum(1 for line in contents.splitlines() if line and not line.startswith(";"))
    return ReadThrough(seconds=time.monotonic() - started, entries=entries)


def _require_compressed(path: Path) -> None:
    """pg_restore takes an empty file for an empty table, and any text for data that was not compressed."""
    for file in sorted(path.glob("*.gz")):
        with file.open("rb") as stream:
            if stream.read(2) != b"\x1f\x8b":
                raise BackupRejected(
                    f"{path.name} is damaged: {file.name} is empty or not compressed. Take another backup."
                )


@contextmanager
def _snapshot(target: DatabaseTarget, limit: Deadline, stop: Callable[[], bool]) -> Iterator[_Snapshot]:
    """A snapshot that pg_dump can take over while this lasts."""
    with open_connection(target, application=APPLICATION, timeout=CONNECT_TIMEOUT) as connection:
        connection.query(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
            " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0",
            timeout=CONNECT_TIMEOUT,
        )
        # now() is the transaction's start: no later than the snapshot, which the first query takes.
        name, now = connection.query("SELECT pg_export_snapshot(), now()", timeout=CONNECT_TIMEOUT)[0]
        tables = list_tables(connection, Deadline(CONNECT_TIMEOUT))
        lock_tables(connection, tables, wait=LOCK_WAIT_MILLISECONDS / 1000, limit=limit, stop=stop)
        yield _Snapshot(name, now.astimezone(UTC), tables, connection)


@contextmanager
def _cleanly(target: DatabaseTarget) -> Iterator[None]:
    """Every way to fail becomes a BackupFailed without a secret."""
    masker = Masker([target.password])
    try:
        yield
    except ProgramFailed as error:
        said = masker.mask(str(error))
        hint = next((hint for sign, hint in _HINTS if sign in said), "Mend that and take the backup again.")
        raise BackupFailed(f"pg_dump failed. {hint} It said: {_one_line(said)}") from None
    except ProgramStopped as error:
        raise BackupFailed(f"The backup was ended: {error}. Nothing of it was kept.") from None
    except DatabaseUnavailable as error:
        hint = _LOCKED if error.reason is Reason.LOCKED else ""
        raise BackupFailed(f"{hint} {error.detail}".strip()) from None
    except OSError as error:
        raise BackupFailed(f"The backup could not be written: {error.strerror}.") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:1000].rstrip(".")
