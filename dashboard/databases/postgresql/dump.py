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
    ReadThrough,
    delete_backup,
    hash_backup,
    keep,
    make_folder,
    measure,
)
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import open_connection
from dashboard.databases.postgresql.programs import (
    APPLICATION,
    ProgramFailed,
    ProgramStopped,
    find_programs_for,
    list_programs,
    program_environment,
    run_program,
)
from dashboard.secrets import Masker

CONNECT_TIMEOUT = 10.0
LOCK_WAIT_MILLISECONDS = 5000
"""How long pg_dump waits for a table that somebody is changing."""
_SUFFIX = ".pgdump"

_TABLES = """
SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

_HINTS = (
    ("row-level security", "Row-level security hides rows from this role. Grant the role BYPASSRLS for backups."),
    ("permission denied", "This role may not read everything. Grant it SELECT on what is named."),
    ("lock timeout", "A table is locked by another session. Take the backup when that has ended."),
    ("statement timeout", "A table is locked by another session. Take the backup when that has ended."),
    ("No space left", "The disk is full. Free space there, or set backup.directory to another disk."),
)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    name: str
    taken_at: datetime
    tables: int


def dump_database(
    target: DatabaseTarget,
    *,
    directory: Path,
    stem: str,
    tools: str,
    progress: Callable[[int], None],
    deadline: float,
    stop: Callable[[], bool],
) -> BackupFile:
    """See take_backup: a folder `STEM.pgdump`, of a snapshot whose moment is known."""
    limit = Deadline(deadline)
    tooling = find_programs_for(target, tools, timeout=min(CONNECT_TIMEOUT, deadline))
    make_folder(directory)
    path = directory / f"{stem}{_SUFFIX}"
    partial = path.with_name(path.name + PARTIAL)
    if path.exists() or partial.exists():
        raise BackupFailed(f"{path.name} is there already. Take the backup under another name.")
    try:
        with _cleanly(target), _snapshot(target) as snapshot, program_environment(target) as environment:
            # No connection data in the arguments: other accounts can read those.
            run_program(
                [
                    (tooling.folder or Path()) / "pg_dump", "-Fd", "-j2", "-Z1", "-f", partial,
                    f"--snapshot={snapshot.name}", f"--lock-wait-timeout={LOCK_WAIT_MILLISECONDS}", "--no-password",
                ],
                environment,
                deadline=limit,
                stop=stop,
                tick=lambda: progress(measure(partial)),
            )  # fmt: skip
            progress(measure(partial))
            size, digest = hash_backup(partial)
            keep(partial, path)
    except BaseException:
        delete_backup(partial)
        raise
    return BackupFile(path, size, digest, snapshot.taken_at, tooling.version, snapshot.tables)


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
def _snapshot(target: DatabaseTarget) -> Iterator[_Snapshot]:
    """A snapshot that pg_dump can take over while this lasts."""
    with open_connection(target, application=APPLICATION, timeout=CONNECT_TIMEOUT) as connection:
        connection.query(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
            " SET LOCAL idle_in_transaction_session_timeout = 0",
            timeout=CONNECT_TIMEOUT,
        )
        # now() is the transaction's start: no later than the snapshot, which the first query takes.
        name, now = connection.query("SELECT pg_export_snapshot(), now()", timeout=CONNECT_TIMEOUT)[0]
        tables = connection.query(_TABLES, timeout=CONNECT_TIMEOUT)[0][0]
        yield _Snapshot(name, now.astimezone(UTC), tables)


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
        raise BackupFailed(error.detail) from None
    except OSError as error:
        raise BackupFailed(f"The backup could not be written: {error.strerror}.") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:1000].rstrip(".")
