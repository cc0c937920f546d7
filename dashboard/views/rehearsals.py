"""Rehearsing a plan, and letting one pass that exceeds a budget."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import BACK_UP, CONFIRM, permission
from dashboard.forms import OverrideForm
from dashboard.usecases.override_rehearsal import OverrideRefused, override_rehearsal
from dashboard.usecases.request_rehearsal import RehearsalRefused, request_rehearsal
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment


@require_POST
@permission(BACK_UP)
def rehearse(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Queues one of the latest plan; its page shows how it comes along."""
    find_environment(request, project, environment)
    try:
        request_rehearsal(user=request.user, project=project, environment=environment)
    except RehearsalRefused as refusal:
        messages.error(request, f"No rehearsal was begun. {refusal}")
    return redirect("plan", project, environment)


@require_POST
@permission(CONFIRM)
def override(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Records why the budget may be exceeded, and goes back to the plan."""
    find_environment(request, project, environment)
    form = OverrideForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was let pass. Give a reason of at most 1,000 characters.")
        return redirect("plan", project, environment)
    try:
        override_rehearsal(
            user=request.user,
            project=project,
            environment=environment,
            plan=form.cleaned_data["plan"],
            reason=form.cleaned_data["reason"],
        )
    except OverrideRefused as refusal:
        messages.error(request, f"Nothing was let pass. {refusal}")
    return redirect("plan", project, environment)
