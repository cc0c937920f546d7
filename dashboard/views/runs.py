"""Every run, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.models import Run
from dashboard.views.badges import Badge, badge_of_run
from dashboard.views.moments import say_duration
from dashboard.views.requests import PageRequest

PAGE = 50


@dataclass(frozen=True, slots=True)
class RunLine:
    """One row of the list."""

    run: Run
    badge: Badge
    duration: str


@require_safe
@permission(SEE)
def runs(request: PageRequest) -> HttpResponse:
    """`?project=` and `?environment=` narrow the list."""
    chosen = {key: value for key in ("project", "environment") if (value := request.GET.get(key, ""))}
    found = Run.objects.filter(**chosen).select_related("confirmation__plan", "confirmation__confirmed_by")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "runs.html", {"page": page, "lines": tuple(_line(run) for run in page), "chosen": chosen})


def _line(run: Run) -> RunLine:
    duration = ""
    if run.started_at and run.settled_at:
        duration = say_duration((run.settled_at - run.started_at).total_seconds())
    return RunLine(run, badge_of_run(run), duration)
