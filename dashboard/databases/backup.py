"""Takes a backup of one environment's database and reads it through: the same calls for every dialect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.backup_file import (
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
    hash_backup,
)
from dashboard.databases.postgresql import dump
from dashboard.databases.sqlite import copy

__all__ = [
    "BackupFailed",
    "BackupFile",
    "BackupRejected",
    "BackupUnavailable",
    "Doing",
    "Progress",
    "ReadThrough",
    "Readiness",
    "Tooling",
    "check_backup",
    "delete_backup",
    "hash_backup",
    "read_through",
    "take_backup",
]


def check_backup(target: DatabaseTarget, *, directory: Path, tools: str, timeout: float) -> Readiness:
    """That a backup can be taken: programs and their versions, rights, row-level security, a folder to write in.

    `tools`: the folder of PostgreSQL's programs; empty: they are looked for. Asks the server within `timeout` seconds
    and waits for no lock. Raises BackupUnavailable, which says what to mend.
    """
    if target.dialect is Dialect.SQLITE:
        return copy.check_database(target, directory=directory)
    return dump.check_database(target, directory=directory, tools=tools, timeout=timeout)


def take_backup(
    target: DatabaseTarget,
    *,
    directory: Path,
    stem: str,
    tools: str,
    progress: Callable[[Progress], None],
    deadline: float,
    stop: Callable[[], bool],
) -> BackupFile:
    """One consistent copy of `target` in `directory`, in a name that begins with `stem`.

    `progress` is told how far it is, often; `stop` is asked often and ends the backup when true; `deadline` is
    in seconds from now. Files are readable by this account only. Raises BackupUnavailable before anything was
    written, and BackupFailed, after which nothing is left of it.
    """
    take = copy.copy_database if target.dialect is Dialect.SQLITE else dump.dump_database
    return take(
        target,
        directory=directory,
        stem=stem,
        tools=tools,
        progress=progress,
        deadline=deadline,
        stop=stop,
    )


def read_through(target: DatabaseTarget, path: Path, *, tools: str, deadline: float) -> ReadThrough:
    """Reads every byte of a backup as a restore would, within `deadline` seconds. Raises BackupRejected.

    It does not see a flipped byte that decodes to another value: compare hash_backup for that. Raises
    BackupUnavailable where no program can read it.
    """
    if target.dialect is Dialect.SQLITE:
        return copy.read_copy(path, deadline=deadline)
    return dump.read_dump(path, tools=tools, deadline=deadline)
