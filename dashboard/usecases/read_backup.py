"""What a backup holds, and whether it can be restored: for its page."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.databases.contents import TableContents, contents_from_json
from dashboard.models import Backup
from dashboard.sources.configuration import NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.scratch_places import find_place

LARGEST = 200


@dataclass(frozen=True)
class Holdings:
    """What a backup's snapshot held."""

    tables: int
    rows: int
    large_objects: int
    largest: tuple[TableContents, ...]
    """The tables with most rows, at most LARGEST."""


def read_holdings(backup: Backup) -> Holdings | None:
    """From our own storage; None: it is not known."""
    if not backup.contents:
        return None
    contents = contents_from_json(backup.contents)
    largest = sorted(contents.tables, key=lambda table: (-table.rows, table.name))[:LARGEST]
    return Holdings(len(contents.tables), contents.rows, contents.large_objects, tuple(largest))


def has_scratch_place(backup: Backup) -> bool:
    """There is a place to restore it into; whether it answers is seen when that is tried."""
    try:
        place = find_place(find_environment(backup.project, backup.environment)[1])
    except (UnknownName, NotConfigured):
        return False
    return place.server is not None or place.folder is not None
