"""A person ends a run before its end, or what a lost one left in the database."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import CONFIRM, permission
from dashboard.models import Run
from dashboard.usecases import cancel_run as cancelling
from dashboard.usecases import terminate_session as terminating
from dashboard.views.requests import PageRequest


@require_POST
@permission(CONFIRM)
def cancel_run(request: PageRequest, number: int) -> HttpResponse:
    """Asks for it and shows the run, which ends within two seconds."""
    try:
        cancelling.cancel_run(user=request.user, run_id=number)
    except Run.DoesNotExist:
        raise Http404 from None
    except cancelling.CancelRefused as refusal:
        messages.error(request, f"Nothing was cancelled. {refusal}")
    return redirect("run", number)


@require_POST
@permission(CONFIRM)
def terminate_session(request: PageRequest, number: int) -> HttpResponse:
    """Asks for it and shows the run, which the observer settles once nothing of it is left."""
    try:
        terminating.terminate_session(user=request.user, run_id=number)
    except Run.DoesNotExist:
        raise Http404 from None
    except terminating.TerminationRefused as refusal:
        messages.error(request, f"Nothing was ended. {refusal}")
    return redirect("run", number)
