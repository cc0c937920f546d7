"""The SQL of one revision, each way, from Alembic's offline mode."""

from __future__ import annotations

from typing import Any, Callable

from dashboard.alembic_process.child.connections import allow_reading_alone
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.preview import write_offline


def write_revision(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """One event tells both ways. `rows`: what a database holds that has all but this revision of what it builds on."""
    from alembic.runtime.migration import MigrationStep

    allow_reading_alone()
    revision = script.get_revision(request["revision"])
    if revision.revision != request["revision"]:
        raise Refused("%s is no whole revision id." % request["revision"])
    known = script.revision_map
    make = {"upgrade": MigrationStep.upgrade_from_script, "downgrade": MigrationStep.downgrade_from_script}
    rows = {"upgrade": request["rows"], "downgrade": [revision.revision]}
    ways = {}
    for way, make_step in make.items():
        try:
            step = make_step(known, revision)
        except AttributeError:
            ways[way] = [_no_function(revision.revision, way)]
            continue
        wanted = revision.revision if way == "upgrade" else "base"
        ways[way] = write_offline(request, events, config, script, _only(revision.revision, step), rows[way], wanted)
        if not any(piece["text"] for piece in ways[way]):
            raise Refused("env.py writes its SQL to a place of its own. Let it leave `output_buffer` to Alembic.")
    events.emit("revision_sql", ways=ways)


def _only(revision: str, step: Any) -> Callable[[Any], list[Any]]:
    return lambda _rows: [(revision, step)]


def _no_function(revision: str, way: str) -> dict[str, Any]:
    text = "-- Running %s %s\n\n" % (way, revision)
    return {"position": 1, "revision": revision, "text": text, "unwritable": "The file has no %s()." % way}
