"""Where the revisions of an environment exist that its project's checkout lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.revisions.status import Status
from dashboard.sources.git_refs import GitRef
from dashboard.sources.revision_search import RevisionSearch
from dashboard.usecases.read_history import ProjectHistory

REFS_NAMED = 3
_SEARCH = RevisionSearch()


def explain_foreign(status: Status, history: ProjectHistory) -> Status:
    """The status with the refs of its foreign rows added to its detail; as it is outside of git."""
    reading = history.reading
    if not status.foreign or reading is None or not reading.commit:
        return status
    found = _SEARCH.find(history.project.directory, reading.version_locations, status.foreign)
    said = [
        f"{row} exists on {_name(found[row].refs)} ({found[row].message})." for row in status.foreign if row in found
    ]
    lost = [row for row in status.foreign if row not in found]
    if lost:
        said.append(
            f"No branch or tag of this repository has {', '.join(lost)}: fetch, or ask who upgraded this database."
        )
    return replace(status, detail=" ".join(filter(None, (status.detail, *said))))


def _name(refs: Sequence[GitRef]) -> str:
    named = [ref.name for ref in refs[:REFS_NAMED]]
    more = len(refs) - len(named)
    if more:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
