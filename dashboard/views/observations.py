"""Reading databases at a person's wish. The page does not wait for them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from dashboard.access import SEE, permission
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.observe import request_observations
from dashboard.views.requests import PageRequest


@require_POST
@permission(SEE)
def observe(request: PageRequest) -> HttpResponse:
    """`project` and `environment` narrow what is read; without them all is."""
    project, environment = request.POST.get("project") or None, request.POST.get("environment") or None
    try:
        request_observations(project=project, environment=environment if project else None)
    except UnknownName as error:
        raise Http404(str(error)) from None
    if request.htmx:
        response = render(request, "_observe_form.html", {"is_reading": True})
        response.headers["HX-Trigger"] = "reading"
        return response
    if project and environment:
        messages.info(request, f"{environment} is being read. Reload in a moment to see the answer.")
        return redirect("environment", project, environment)
    messages.info(request, "All databases are being read. Ages change as the answers arrive.")
    return redirect(reverse("overview"))
