"""Which plan of an environment a page is asked for."""

from __future__ import annotations

from django.http import Http404

from dashboard.models import Plan
from dashboard.usecases.find_plan import latest_plan, numbered_plan
from dashboard.views.requests import PageRequest


def find_asked_plan(request: PageRequest, project: str, environment: str) -> Plan | None:
    """The latest; `?plan=`: that one. Raises Http404."""
    asked = request.GET.get("plan", "")
    if not asked:
        return latest_plan(project, environment)
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    found = numbered_plan(project, environment, number)
    if found is None:
        raise Http404(f"{environment} has no plan of that number.")
    return found
