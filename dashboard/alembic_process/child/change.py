"""Upgrade, downgrade, stamp: the confirmed way, and no other."""

from __future__ import annotations

from typing import Any, Iterator

from dashboard.alembic_process.child.connections import configure_connections
from dashboard.alembic_process.child.environment import run_environment
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.progress import Progress, tell_commits
from dashboard.alembic_process.child.rehearsal import keep_to_copy, measure
from dashboard.alembic_process.child.steps import confirmed_steps, destination, refuse_several_databases


def change(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """Goes exactly the confirmed way, telling each revision's beginning and end."""
    progress = Progress(events)
    if request.get("rehearsal") or request.get("replay"):
        keep_to_copy(request)
    measures = measure(events) if request.get("rehearsal") else None
    tell_commits(progress)
    configure_connections(request, progress)

    def revisions(rows: tuple[str, ...], context: Any) -> Iterator[Any]:
        progress.begin()
        if sorted(rows) != sorted(request["rows"]):
            held = ", ".join(rows) or "no row"
            raise Refused("The version table holds %s, which is not what was confirmed. Make a new plan." % held)
        steps = confirmed_steps(request["action"], request, script, rows)
        for revision, step in steps:
            refuse_several_databases(revision, step)
        for position, (revision, step) in enumerate(steps, request.get("first_position", 1)):
            if revision:
                progress.start(revision, position)
            if revision and measures:
                measures.start()
                measures.follow(context, step, position)
            yield step
            if revision:
                took = {"seconds": measures.take_seconds()} if measures else {}
                events.emit("revision_applied", revision=revision, position=position, **took)

    run_environment(request, config, script, revisions, events, progress, destination_rev=destination(request))
