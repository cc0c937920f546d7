"""Restores a backup beside an environment's database and lets it take its place: the same calls for every dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.contents import Contents, Origin
from dashboard.databases.postgresql import replacement as postgresql
from dashboard.databases.restoration import (
    DeletionRefused,
    Names,
    RestoreUnavailable,
    Survey,
)
from dashboard.databases.restoration import name_databases as _name_databases
from dashboard.databases.scratch import read_copy
from dashboard.databases.sqlite import replacement as sqlite

__all__ = [
    "DeletionRefused",
    "Names",
    "RestoreUnavailable",
    "Survey",
    "delete_replaced",
    "drop_restored",
    "is_replaced",
    "name_databases",
    "read_now",
    "restore_beside",
    "survey",
    "swap",
]


def name_databases(target: DatabaseTarget, *, run: int, installation: str) -> Names:
    """What a run calls the databases that it handles. `installation`: 16 hexadecimal digits."""
    return _name_databases(_itself(target), run=run, installation=installation)


def read_now(target: DatabaseTarget, *, deadline: float) -> Contents:
    """What the database itself holds at this moment. Raises DatabaseUnavailable and ScratchUnavailable."""
    if target.dialect is Dialect.SQLITE:
        return sqlite.read_now(target, deadline=deadline)
    return read_copy(target, deadline=deadline)


def survey(target: DatabaseTarget, path: Path) -> Survey:
    """What restoring the backup `path` would meet; changes nothing. Raises RestoreUnavailable."""
    if target.dialect is Dialect.SQLITE:
        return sqlite.survey(target, path)
    return postgresql.survey(target)


def restore_beside(
    target: DatabaseTarget,
    names: Names,
    path: Path,
    origin: Origin,
    *,
    tools: str,
    deadline: float,
    stop: Callable[[], bool],
    progress: Callable[[int], None],
) -> str:
    """Fills the new database `names.restored`, which `drop_restored` removes; the tool that did it.

    `progress`: as of restore_into of scratch.py.

    Raises RestoreUnavailable, ScratchUnavailable, and BackupRejected where the backup is to blame.
    """
    if target.dialect is Dialect.SQLITE:
        return sqlite.restore_beside(names, path, deadline=deadline, stop=stop, progress=progress)
    return postgresql.restore_beside(
        target, names, path, origin, tools=tools, deadline=deadline, stop=stop, progress=progress
    )


def drop_restored(target: DatabaseTarget, names: Names) -> None:
    """Removes what a restore made and did not put in its place, if it has our mark. What cannot be removed stays."""
    if target.dialect is Dialect.SQLITE:
        sqlite.drop_restored(names)
    else:
        postgresql.drop_restored(target, names)


def swap(target: DatabaseTarget, names: Names) -> tuple[str, ...]:
    """The restored database takes the place of `target`, which is kept as `names.replaced`, marked.

    Sentences on what could not be carried over. Raises RestoreUnavailable where nothing is changed, DatabaseUnavailable
    where that is not known.
    """
    if target.dialect is Dialect.SQLITE:
        return sqlite.swap(_itself(target), names)
    return postgresql.swap(target, names)


def is_replaced(target: DatabaseTarget, names: Names) -> bool:
    """What lies under the replaced database's name has our mark. Raises DatabaseUnavailable, RestoreUnavailable."""
    return sqlite.is_replaced(names) if target.dialect is Dialect.SQLITE else postgresql.is_replaced(target, names)


def delete_replaced(target: DatabaseTarget, names: Names) -> None:
    """Deletes the replaced database if it has our mark. Raises DeletionRefused."""
    if target.dialect is Dialect.SQLITE:
        sqlite.delete_replaced(names)
    else:
        postgresql.delete_replaced(target, names)


def _itself(target: DatabaseTarget) -> DatabaseTarget:
    """A file is replaced where it lies, not where a link to it does."""
    if target.dialect is not Dialect.SQLITE:
        return target
    return replace(target, name=str(Path(target.name).resolve()))
