"""A person's request to end a run. The worker that executes it does the work within two seconds."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.models import Confirmation, Intervention, Run
from dashboard.usecases.settle_run import refuse_run
from dashboard.usecases.watch_run import answer


class CancelRefused(Exception):
    """There is nothing to cancel; the message says why and what can be done."""


def cancel_run(*, user: AbstractBaseUser | AnonymousUser, run_id: int) -> Run:
    """Records the request; a run that no worker has taken yet ends at once. A second request changes nothing.

    Waits for no database. Raises CancelRefused, PermissionDenied, Run.DoesNotExist.
    """
    operator = access.require(user, access.CONFIRM)
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.phase == Run.Phase.SETTLED:
            raise CancelRefused("The run has settled already.")
        if run.phase == Run.Phase.UNSETTLED:
            raise CancelRefused(
                "The run's process is gone already. Wait until the database shows how it ended, or end the session "
                "that it left behind."
            )
        kind = Intervention.Kind.CANCELLATION
        request, _is_new = Intervention.objects.get_or_create(
            run=run, kind=kind, answered_at=None, defaults={"requested_by": operator}
        )
        if Run.objects.filter(pk=run.pk, phase=Run.Phase.QUEUED).update(phase=Run.Phase.RUNNING):
            _end_waiting(run, request)
    run.refresh_from_db()
    return run


def _end_waiting(run: Run, request: Intervention) -> None:
    Confirmation.objects.filter(pk=run.confirmation_id, spent_at=None).update(spent_at=timezone.now())
    words = f"Cancelled by {request.requested_by.get_username()} before a worker took it."
    refuse_run(run=run, detail=words, cause=Run.Cause.CANCELLED)
    answer(request, "The run ended before a worker took it.")
