"""A person's request to end what a lost run left behind in the database. The observer does it, within seconds."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.databases.database import Database, DatabaseUnavailable
from dashboard.models import HEARTBEAT_LOST_AFTER, Intervention, Run
from dashboard.usecases.watch_run import answer

TERMINATE_TIMEOUT = 5.0


class TerminationRefused(Exception):
    """Nothing is left to be ended, or its owner still lives; the message says what to do instead."""


def terminate_session(*, user: AbstractBaseUser | AnonymousUser, run_id: int) -> Intervention:
    """Records the request; an open one is not repeated. Waits for no database.

    Raises TerminationRefused, PermissionDenied, Run.DoesNotExist.
    """
    operator = access.require(user, access.CONFIRM)
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.phase not in {Run.Phase.RUNNING, Run.Phase.UNSETTLED}:
            raise TerminationRefused("The run has no session that could be ended.")
        if not is_lost(run):
            raise TerminationRefused("The run's worker is alive. Cancel the run instead.")
        request, _is_new = Intervention.objects.get_or_create(
            run=run, kind=Intervention.Kind.TERMINATION, answered_at=None, defaults={"requested_by": operator}
        )
    return request


def is_lost(run: Run) -> bool:
    """Its worker is done with it, or has not been heard of for so long that it is held to be dead."""
    if run.heartbeat_at is None:
        return run.phase == Run.Phase.UNSETTLED
    return timezone.now() - run.heartbeat_at > HEARTBEAT_LOST_AFTER


def carry_out_termination(*, run: Run, database: Database) -> bool:
    """In the observer: ends the sessions of a lost run, where a person has asked for it. Whether one had."""
    requests = Intervention.objects.filter(run=run, kind=Intervention.Kind.TERMINATION, answered_at=None)
    found = tuple(requests)
    if not found:
        return False
    try:
        number = database.terminate_sessions(timeout=TERMINATE_TIMEOUT)
        words = "No session was left." if number == 0 else f"{number} session{'s' if number > 1 else ''} ended."
    except DatabaseUnavailable as error:
        words = f"The database did not do it: {error.detail}"
    for request in found:
        answer(request, words)
    return True
