"""The schema that an environment's revisions make: they are executed on an empty scratch database, which is then read.

The environment's own database is only asked what kind of database it is. What was read is kept in this process, for the
next comparison with the same files, rows and server.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases import database_for
from dashboard.databases.contents import Origin
from dashboard.databases.postgresql.inventory import prepare_like
from dashboard.databases.schema_comparison import ExpectedSchema, Scope, read_expected
from dashboard.databases.scratch import check_place, read_origin, scratch_database
from dashboard.models import DriftCheck
from dashboard.revisions.errors import HistoryError
from dashboard.sources.configuration import Environment, ResolvedEnvironment
from dashboard.usecases.catalogue import configuration_version
from dashboard.usecases.child_work import ChildFailed, ask_child_for_all, connection_settings
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.scratch_places import find_place, mark_for

READ_SECONDS = 120.0
LOCK_WAIT = 3.0
_MOST_KEPT = 8
_kept: OrderedDict[str, ExpectedSchema] = OrderedDict()


class ReplayFailed(Exception):
    """The revisions do not make a schema out of nothing; the message, not masked yet, says why."""


def replay_history(
    *,
    check: DriftCheck,
    history: ProjectHistory,
    environment: Environment,
    rows: tuple[str, ...],
    original: DatabaseTarget,
    scope: Scope,
) -> ExpectedSchema:
    """What the revisions up to `rows` make. `original`: the database, whose likeness the empty one is.

    Raises ReplayFailed, ScratchUnavailable, NotConfigured, DatabaseUnavailable, LockHeld and LockUnavailable.
    """
    origin = Origin() if original.dialect is Dialect.SQLITE else replace(read_origin(original), size=0)
    key = _key(history, environment, rows, original, origin, scope)
    if key not in _kept:
        _kept[key] = _replay(check, history, environment, rows, original, origin, scope)
    _kept.move_to_end(key)
    while len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def _replay(
    check: DriftCheck,
    history: ProjectHistory,
    environment: Environment,
    rows: tuple[str, ...],
    original: DatabaseTarget,
    origin: Origin,
    scope: Scope,
) -> ExpectedSchema:
    place = find_place(environment)
    check_place(place, origin)
    with scratch_database(place, origin, mark_for(check)) as copy:
        resolved = environment.resolve(os.environ, at=copy)
        if copy.dialect is Dialect.SQLITE:
            Path(copy.name).touch(mode=0o600)
        else:
            schemas = (scope.version_table_schema,) if scope.version_table_schema else ()
            prepare_like(resolved.target, original, schemas=schemas)
        _execute(check, history, environment, rows, resolved)
        return read_expected(resolved.target, scope, timeout=READ_SECONDS)


def _execute(
    check: DriftCheck,
    history: ProjectHistory,
    environment: Environment,
    rows: tuple[str, ...],
    resolved: ResolvedEnvironment,
) -> None:
    """By the same child as a run, with the same checks, and with no way to any other database."""
    assert history.reading is not None, "the rows were judged by it"
    try:
        steps = [record.revision for record in history.graph.upgrade_path((), rows)]
    except HistoryError as error:
        raise ReplayFailed(str(error)) from None
    code = history.project
    database = database_for(
        resolved.target, version_table=code.version_table, version_table_schema=code.version_table_schema
    )
    with database.hold_run_lock(wait=LOCK_WAIT) as lock:
        content = {
            "action": "upgrade",
            "replay": True,
            "rows": [],
            "target": list(rows),
            "result": list(rows),
            "steps": steps,
            "files": history.reading.files,
            "challenge": dict(lock.challenge),
            "connection_settings": connection_settings(check, environment),
        }
        try:
            ask_child_for_all(
                code, environment, content,
                seconds=environment.timeouts.run.total_seconds(), resolved=resolved, pass_fds=lock.pass_fds,
            )  # fmt: skip
        except ChildFailed as error:
            raise ReplayFailed(
                f"The revisions cannot be executed on an empty database. {error} So it is not known what the schema "
                "should be."
            ) from None
        found = lock.read().rows
    if sorted(found) != sorted(rows):
        held = ", ".join(found) or "no revision"
        raise ReplayFailed(f"Replayed to {', '.join(rows)}, the version table of the scratch database holds {held}.")


def _key(
    history: ProjectHistory,
    environment: Environment,
    rows: tuple[str, ...],
    original: DatabaseTarget,
    origin: Origin,
    scope: Scope,
) -> str:
    files = history.reading.files if history.reading else {}
    seen = [
        configuration_version(),
        environment.project, environment.name, history.project.python, history.project.section, environment.driver,
        sorted(files.items()), sorted(rows), original.dialect, original.display(), original.options, origin.major,
        scope.version_table, scope.version_table_schema, scope.ignore,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(seen).encode("utf-8", "surrogateescape")).hexdigest()
