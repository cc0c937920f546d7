"""The words of the way back: a backup is restored beside a database and then takes its place, which is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dashboard.database_target import DatabaseTarget, Dialect

LONGEST_NAME = 63
"""Bytes of a PostgreSQL name."""


class RestoreUnavailable(Exception):
    """The database was not replaced, and is as it was. The message says why and what to mend; it holds no secret."""


class DeletionRefused(Exception):
    """A replaced database was not deleted; the message says why."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a restore would meet, in sentences; read without changing anything."""

    obstacles: tuple[str, ...]
    """What must be mended first; none: it can begin."""
    carried: tuple[str, ...]
    """What belongs to the database and not to its contents, and is given to the restored one."""
    left: tuple[str, ...]
    """What does not come along."""
    ended: tuple[str, ...]
    """Sessions that would be ended."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one run calls the databases that it handles. The marks are written where a person and a later run see them."""

    restored: DatabaseTarget
    """Beside the original, until it takes its place."""
    replaced: DatabaseTarget
    """The original afterwards."""
    restored_mark: str
    replaced_mark: str


def name_databases(target: DatabaseTarget, *, run: int, installation: str) -> Names:
    """The same for the same run, so that what a crash left is found again."""
    mark = f"alembic-dashboard installation {installation}, run {run}"
    return Names(
        restored=_named(target, f"restore_{run}"),
        replaced=_named(target, f"replaced_{run}"),
        restored_mark=f"{mark}: restored, and not yet in its place",
        replaced_mark=f"{mark}: replaced by a restored backup, kept until it is deleted there",
    )


def _named(target: DatabaseTarget, suffix: str) -> DatabaseTarget:
    if target.dialect is Dialect.SQLITE:
        return replace(target, name=f"{target.name}.{suffix}")
    kept = target.name.encode()[: LONGEST_NAME - len(suffix) - 1].decode(errors="ignore")
    return replace(target, name=f"{kept}_{suffix}")


def split_list(value: str) -> tuple[str, ...]:
    """The elements of a setting that is a list of names, `"$user", public` say, as its catalog keeps it."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', value)
    return tuple(plain if plain else quoted.replace('""', '"') for quoted, plain in found)
