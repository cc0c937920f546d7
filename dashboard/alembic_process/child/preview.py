"""The SQL of a way, from Alembic's offline mode."""

from __future__ import annotations

import functools
import io
from typing import Any, Callable, Iterator, Sequence

from dashboard.alembic_process.child.connections import allow_reading_alone
from dashboard.alembic_process.child.environment import run_environment
from dashboard.alembic_process.child.events import ONE_RUN_ONE_DATABASE, Events, Refused
from dashboard.alembic_process.child.steps import confirmed_steps, destination


def preview_sql(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """Alembic's offline mode over exactly the planned range. One event tells the SQL, cut at the steps."""
    allow_reading_alone()

    def steps(rows: tuple[str, ...]) -> list[Any]:
        return confirmed_steps(request["way"], request, script, rows)

    pieces = write_offline(request, events, config, script, steps, request["rows"], destination(request))
    text = "".join(piece["text"] for piece in pieces)
    if not text and request["steps"]:
        raise Refused("env.py writes its SQL to a place of its own. Let it leave `output_buffer` to Alembic.")
    events.emit("sql", text=text, pieces=pieces)


def write_offline(
    request: dict[str, Any],
    events: Events,
    config: Any,
    script: Any,
    steps: Callable[[tuple[str, ...]], list[Any]],
    rows: Sequence[str],
    wanted: Any,
) -> list[dict[str, Any]]:
    """The SQL of `steps`, (revision id, Alembic's step) each, from a database that holds `rows`; cut at the steps.

    A step that cannot be written without a database is told with its reason; the others are written all the same.
    """
    config.output_buffer = buffer = io.StringIO()
    pieces: list[dict[str, Any]] = []

    def cut(position: int = 0, revision: str = "", unwritable: str = "") -> None:
        begin = sum(len(piece["text"]) for piece in pieces)
        text = buffer.getvalue()[begin:]
        pieces.append({"position": position, "revision": revision, "text": text, "unwritable": unwritable})

    def revisions(rows: tuple[str, ...], context: Any) -> Iterator[Any]:
        if pieces:
            raise Refused("env.py runs the revisions more than once. " + ONE_RUN_ONE_DATABASE)
        cut()
        for position, (revision, step) in enumerate(steps(rows), request.get("first_position", 1)):
            events.emit("revision_started", revision=revision)
            told = _write_or_tell(step, buffer)
            yield step
            cut(position if revision else 0, revision, " ".join(told))

    run_environment(
        request,
        config,
        script,
        revisions,
        events,
        as_sql=True,
        starting_rev=tuple(rows) or None,
        destination_rev=wanted,
    )
    cut()
    return pieces


def _write_or_tell(step: Any, buffer: Any) -> list[str]:
    """The step takes back what it wrote before it failed; the reason is in the list once it was called."""
    told: list[str] = []
    plain = step.migration_fn

    @functools.wraps(plain)  # Alembic's comment says its name
    def write(*args: Any, **kwargs: Any) -> None:
        begin = buffer.tell()
        try:
            plain(*args, **kwargs)
        except (Exception, SystemExit) as error:
            buffer.seek(begin)
            buffer.truncate()
            told.append("%s: %s" % (type(error).__name__, error))

    step.migration_fn = write
    return told
