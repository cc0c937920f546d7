"""A person's decision to run a plan."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import CONFIRM, permission
from dashboard.forms import ConfirmationForm
from dashboard.usecases.confirm_plan import AlreadyConfirmed, ConfirmationRefused
from dashboard.usecases.confirm_plan import confirm_plan as confirm
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment


@require_POST
@permission(CONFIRM)
def confirm_plan(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Starts the run and shows it; a refusal goes back to the plan with every reason, or to the run that there is."""
    find_environment(request, project, environment)
    form = ConfirmationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was run. The form was incomplete: open the plan again.")
        return redirect("plan", project, environment)
    try:
        run = confirm(
            user=request.user,
            token=form.cleaned_data["token"],
            typed=form.cleaned_data["environment"],
            project=project,
            environment=environment,
        )
    except AlreadyConfirmed as already:
        messages.info(request, str(already))
        return redirect("run", already.run.pk)
    except ConfirmationRefused as refusal:
        messages.error(request, f"Nothing was run. {refusal}")
        return redirect("plan", project, environment)
    return redirect("run", run.pk)
