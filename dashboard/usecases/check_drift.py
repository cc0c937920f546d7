"""Compares, in a worker, a database's schema with what its revisions or the models say. Nothing is written to it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from dashboard.database_target import DatabaseTarget
from dashboard.databases import database_for
from dashboard.databases.database import Database, DatabaseUnavailable, LockHeld, LockUnavailable
from dashboard.databases.difference import Difference
from dashboard.databases.schema_comparison import Scope, compare_schema
from dashboard.databases.scratch import ScratchUnavailable
from dashboard.models import HEARTBEAT_LOST_AFTER, DriftCheck, Run
from dashboard.revisions.status import State as EnvironmentState
from dashboard.revisions.status import VersionReading, judge_status
from dashboard.secrets import Masker
from dashboard.sources.configuration import Environment, NotConfigured, Project, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.child_work import ChildFailed
from dashboard.usecases.compare_models import WrongPlace, compare_models
from dashboard.usecases.explain_foreign import explain_foreign
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.replay_history import READ_SECONDS, ReplayFailed, replay_history

logger = logging.getLogger(__name__)
State = DriftCheck.State
MOST = 500
"""Differences that are kept of one check; all are counted."""
KEPT = 30
WAITED_FOR = timedelta(hours=1)
_UNDER_WAY = "A run was under way, and what it changes is no drift. Check again once it has settled."
_MOVED = "The database was changed by an upgrade or the like while it was compared. Check again."
_COMPARABLE = (EnvironmentState.CURRENT, EnvironmentState.PENDING)
_FAILURES = (
    ReplayFailed, ScratchUnavailable, NotConfigured, DatabaseUnavailable, LockHeld, LockUnavailable, ChildFailed, WrongPlace,
)  # fmt: skip


class NotComparable(Exception):
    """There is nothing that the database could be compared with now; the message, not masked yet, says what to do."""


class Overlapped(Exception):
    """Something changed the database meanwhile, so that the result would be of no moment; the message says what."""


@dataclass(frozen=True, slots=True)
class _Compared:
    reading: VersionReading
    on_replica: bool
    differences: tuple[Difference, ...]


def check_drift_now(*, check_id: int) -> None:
    """Never raises for what becomes of it: its row tells. One that is not queued any more is left alone."""
    now = timezone.now()
    claimed = DriftCheck.objects.filter(pk=check_id, state=State.QUEUED).update(
        state=State.WORKING, started_at=now, heartbeat_at=now
    )
    if not claimed:
        return
    check = DriftCheck.objects.get(pk=check_id)
    with heartbeat(DriftCheck, check.pk):
        values = _try(check)
    DriftCheck.objects.filter(pk=check.pk, state=State.WORKING).update(finished_at=timezone.now(), **values)
    _forget_old(check)


def _forget_old(check: DriftCheck) -> None:
    """Of each kind of an environment the newest stay, and the newest that came to a result among them."""
    mine = DriftCheck.objects.filter(project=check.project, environment=check.environment, kind=check.kind)
    kept = list(mine.values_list("pk", flat=True)[:KEPT])
    kept += mine.filter(state=State.DONE).values_list("pk", flat=True)[:1]
    mine.exclude(pk__in=kept).delete()


def end_lost_checks() -> int:
    """In the observer: one whose worker died has compared nothing. Its scratch database is swept. Returns how many.

    So is one that no worker came to: its task may have died with the comparison that came before it.
    """
    now = timezone.now()
    lost = DriftCheck.objects.filter(state=State.WORKING, heartbeat_at__lt=now - HEARTBEAT_LOST_AFTER).update(
        state=State.FAILED, finished_at=now, error="The worker that compared the schemas died. Check again."
    )
    working = set(DriftCheck.objects.filter(state=State.WORKING).values_list("project", "environment"))
    waiting = DriftCheck.objects.filter(state=State.QUEUED, requested_at__lt=now - WAITED_FOR)
    forgotten = [check.pk for check in waiting if (check.project, check.environment) not in working]
    return lost + DriftCheck.objects.filter(pk__in=forgotten, state=State.QUEUED).update(
        state=State.FAILED, finished_at=now, error="No worker came to it. Look whether workers run, then check again."
    )


def _try(check: DriftCheck) -> dict[str, object]:
    try:
        project, environment = find_environment(check.project, check.environment)
    except UnknownName as error:
        return {"state": State.FAILED, "error": str(error.args[0])}
    masker = masker_for(environment)
    try:
        found = _compare(check, project, environment)
    except Overlapped as why:
        return {"state": State.DISCARDED, "error": str(why)}
    except (NotComparable, *_FAILURES) as error:
        return {"state": State.FAILED, "error": masker.mask(str(error))[:4_000]}
    except Exception as error:
        logger.exception("Drift check %s ended unexpectedly", check.pk)
        return {
            "state": State.FAILED,
            "error": f"{type(error).__name__} in the dashboard's worker; its log has the details.",
        }
    return {
        "state": State.DONE,
        "rows": list(found.reading.rows),
        "identity": found.reading.identity,
        "on_replica": found.on_replica,
        "differences": [_masked(difference, masker) for difference in found.differences[:MOST]],
        "number": len(found.differences),
    }


def _compare(check: DriftCheck, project: Project, environment: Environment) -> _Compared:
    database = open_database(project, environment)
    _refuse_runs(check, database)
    reading = _judged(check, project, environment, database)
    replica = environment.resolve_replica(os.environ)
    resolved = environment.resolve(os.environ, at=replica)
    source = database
    if replica is not None:
        source = _open(project, resolved.target)
        _require_replica(source, reading)
    if check.kind == DriftCheck.Kind.MODELS:
        code = read_environment_history(project, environment, verify=True).project
        rows, differences = compare_models(project=code, environment=environment, reading=reading, resolved=resolved)
        if sorted(rows) != sorted(reading.rows):
            raise Overlapped(_MOVED)
    else:
        differences = _compare_with_revisions(check, project, environment, database.target, source.target, reading)
    after = _observe(source)
    if (sorted(after.rows), after.identity) != (sorted(reading.rows), reading.identity):
        raise Overlapped(_MOVED)
    _refuse_runs(check, database)
    return _Compared(reading, replica is not None, differences)


def _compare_with_revisions(
    check: DriftCheck,
    project: Project,
    environment: Environment,
    original: DatabaseTarget,
    source: DatabaseTarget,
    reading: VersionReading,
) -> tuple[Difference, ...]:
    scope = Scope(project.version_table, project.version_table_schema, environment.drift.ignore)
    history = read_environment_history(project, environment, verify=True)
    expected = replay_history(
        check=check, history=history, environment=environment, rows=reading.rows, original=original, scope=scope
    )
    return compare_schema(source, expected, scope, timeout=READ_SECONDS)


def _judged(check: DriftCheck, project: Project, environment: Environment, database: Database) -> VersionReading:
    """The version table as it is now, where it tells what the schema should be."""
    reading = _observe(database)
    history = read_environment_history(project, environment)
    if history.reading is None:
        raise NotComparable(history.error)
    status = explain_foreign(judge_status(history.graph, reading), history)
    if status.state is EnvironmentState.UNVERSIONED:
        raise NotComparable("The database holds no revision, so nothing says what its schema should be.")
    if check.kind == DriftCheck.Kind.MODELS and status.state is EnvironmentState.PENDING:
        number = len(status.pending)
        words = "revision is" if number == 1 else "revisions are"
        raise NotComparable(
            f"{number} {words} pending, so the models are ahead of this database. Upgrade it, then compare."
        )
    if status.state not in _COMPARABLE:
        word = status.state.replace("_", " ")
        raise NotComparable(
            f"{environment.name} is {word}, so it is not known what its schema should be. {status.detail}"
        )
    return reading


def _require_replica(source: Database, reading: VersionReading) -> None:
    found = _observe(source)
    if found.identity != reading.identity:
        why = found.detail or "It is another database."
        raise NotComparable(f"drift.replica leads to no physical replica of this database. {why}")
    if sorted(found.rows) != sorted(reading.rows):
        held, wanted = (", ".join(rows) or "no revision" for rows in (found.rows, reading.rows))
        raise NotComparable(
            f"The replica lags: it holds {held}, the database {wanted}. Check again once it has caught up."
        )


def _refuse_runs(check: DriftCheck, database: Database) -> None:
    mine = Run.objects.filter(project=check.project, environment=check.environment)
    if mine.filter(Q(phase__in=Run.LIVE) | Q(settled_at__gte=check.started_at)).exists() or database.sessions_of_runs():
        raise Overlapped(_UNDER_WAY)


def _observe(database: Database) -> VersionReading:
    return database.observe(timeout=float(settings.DASHBOARD_READ_TIMEOUT_SECONDS))


def _open(project: Project, target: DatabaseTarget) -> Database:
    return database_for(target, version_table=project.version_table, version_table_schema=project.version_table_schema)


def _masked(difference: Difference, masker: Masker) -> dict[str, object]:
    stored = difference.as_json()
    for key in ("repair", "adopt"):
        stored[key] = masker.mask(stored[key])
    for change in stored["changes"]:
        change |= {"before": masker.mask(change["before"]), "after": masker.mask(change["after"])}
    return stored
