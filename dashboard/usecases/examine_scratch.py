"""Whether backups of an environment can be restored in order to prove them: for `manage.py doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.databases.scratch import ScratchUnavailable, check_place, list_unmarked, read_origin
from dashboard.sources.configuration import Environment, NotConfigured
from dashboard.usecases.catalogue import masker_for, resolve
from dashboard.usecases.scratch_places import find_place


@dataclass(frozen=True)
class ScratchFinding:
    """What was found. `mend`: what to do; empty where all is well."""

    words: str
    mend: str = ""


def examine_scratch(*, environment: Environment) -> tuple[ScratchFinding, ...]:
    """Connects to the database and to the scratch server; makes nothing there."""
    try:
        place = find_place(environment)
        if place.folder is not None:
            return (ScratchFinding(f"Backups can be restored into temporary files in {place.folder}."),)
        if place.server is None:
            words = "Backups are read through and not restored: no scratch server is configured."
            mend = "Name one by `scratch`." if environment.backup.verify == "restore" else ""
            return (ScratchFinding(words, mend),)
        check_place(place, read_origin(resolve(environment).target))
        found = [ScratchFinding(f"Backups can be restored on {place.server.display()}.")]
        if unmarked := list_unmarked(place):
            names = ", ".join(unmarked)
            found.append(
                ScratchFinding(
                    f"The scratch server has databases without a mark of any dashboard: {names}.",
                    "Nobody but a person drops them. DROP DATABASE those that are of no use.",
                )
            )
        return tuple(found)
    except (ScratchUnavailable, NotConfigured) as error:
        return (ScratchFinding("Backups cannot be restored.", masker_for(environment).mask(str(error))),)
