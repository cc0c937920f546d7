"""Restores a backup where it harms nobody, and reads what the copy holds: the same calls for every dialect.

A scratch database carries a marker that names the dashboard and the work that it was made for. It is dropped when that
work ends; what a crash left is found by its marker and dropped later; nothing without a marker is ever dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.contents import Contents, Origin
from dashboard.databases.postgresql import restore
from dashboard.databases.postgresql import scratch as postgresql_scratch
from dashboard.databases.scratch_marker import Marker, ScratchUnavailable, make_marker
from dashboard.databases.sqlite import scratch as sqlite_scratch

__all__ = [
    "Marker",
    "ScratchPlace",
    "ScratchUnavailable",
    "check_place",
    "list_unmarked",
    "make_marker",
    "read_copy",
    "read_origin",
    "restore_into",
    "scratch_database",
    "sweep",
]


_NO_PLACE = "There is no scratch server: name one by `scratch` of the environment in dashboard.toml."


@dataclass(frozen=True, slots=True)
class ScratchPlace:
    """Where scratch databases of one environment may be: on a PostgreSQL server, or in a folder for SQLite."""

    server: DatabaseTarget | None = None
    """Its database is only connected to, never changed."""
    space: int | None = None
    """Bytes that all scratch databases on the server may take; None: what its disk has, where that can be told."""
    folder: Path | None = None


def read_origin(target: DatabaseTarget) -> Origin:
    """What a copy of a PostgreSQL database would need. Raises ScratchUnavailable."""
    return restore.read_origin_of(target)


def check_place(place: ScratchPlace, origin: Origin) -> None:
    """Everything that can be told before a restore starts. Raises ScratchUnavailable, which says what to mend."""
    if place.server is not None:
        postgresql_scratch.check_server(place.server, origin, space=place.space)
    elif place.folder is None:
        raise ScratchUnavailable(_NO_PLACE)


@contextmanager
def scratch_database(place: ScratchPlace, origin: Origin, marker: Marker) -> Iterator[DatabaseTarget]:
    """An empty scratch database of its own (SQLite: a file that is not there yet), dropped afterwards.

    Raises ScratchUnavailable.
    """
    if place.server is not None:
        with postgresql_scratch.scratch_database(place.server, origin, marker) as target:
            yield target
        return
    if place.folder is None:
        raise ScratchUnavailable(_NO_PLACE)
    with sqlite_scratch.scratch_folder(place.folder, marker) as target:
        yield target


def restore_into(
    target: DatabaseTarget,
    path: Path,
    *,
    tools: str,
    deadline: float,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda on_disk: None,
) -> str:
    """Restores a backup into an empty database within `deadline` seconds; the tool that did it.

    `progress` gets the copy's bytes on disk, the first time before anything is in it.

    Raises BackupRejected where the backup is to blame, ScratchUnavailable where anything else is.
    """
    if target.dialect is Dialect.SQLITE:
        return sqlite_scratch.restore_copy(path, target, deadline=deadline, stop=stop, progress=progress)
    return restore.restore_dump(path, target, tools=tools, deadline=deadline, stop=stop, progress=progress)


def read_copy(target: DatabaseTarget, *, deadline: float, tick: Callable[[int], None] = lambda done: None) -> Contents:
    """What a restored copy holds. Raises BackupRejected and ScratchUnavailable."""
    if target.dialect is Dialect.SQLITE:
        return sqlite_scratch.read_copy_contents(target, deadline=deadline, tick=tick)
    return restore.read_copy_contents(target, deadline=deadline, tick=tick)


def sweep(place: ScratchPlace, *, installation: str, is_alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Drops scratch databases of this installation whose owner is not alive; their names. Raises ScratchUnavailable."""
    dropped: tuple[str, ...] = ()
    if place.server is not None:
        dropped += postgresql_scratch.sweep_server(place.server, installation, is_alive)
    if place.folder is not None:
        dropped += sqlite_scratch.sweep_folder(place.folder, installation, is_alive)
    return dropped


def list_unmarked(place: ScratchPlace) -> tuple[str, ...]:
    """Databases with our prefix and no marker: a crash may have left them between two statements, or a person made
    them. They are for a person to drop. Raises ScratchUnavailable.
    """
    if place.server is None:
        return ()
    return tuple(d.name for d in postgresql_scratch.list_scratch_databases(place.server) if d.marker is None)
