"""A project's history: the graph and every environment in one look."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.history_rows import list_off_graph, list_rows
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project


@require_safe
@permission(SEE)
def history(request: PageRequest, project: str) -> HttpResponse:
    """`?environment=` shades by one environment, `?q=` searches, `?after=` gives the next part."""
    status = find_project(request, project)
    graph = status.history.graph
    chosen = _choose(status, request.GET.get("environment", ""))
    text = request.GET.get("q", "").strip()
    reading = status.history.reading
    context = {
        "status": status,
        "project": status.project,
        "graph": graph,
        "page": list_rows(graph, status.environments, chosen, text, request.GET.get("after", "")),
        "off_graph": list_off_graph(graph, status.environments),
        "chosen": chosen,
        "text": text,
        "unreadable": reading.unreadable if reading else (),
        "problem_count": len(status.history.problems) + (len(reading.unreadable) if reading else 0),
        "needs_merge": len(graph.effective_heads) > max(1, len(status.project.heads)),
    }
    return render(request, "history.html", context)


def _choose(status: ProjectStatus, name: str) -> EnvironmentStatus | None:
    """The environment to shade by; without a name the last of dashboard.toml, which is where things matter most."""
    named = next((e for e in status.environments if e.environment.name == name), None)
    return named or (status.environments[-1] if status.environments else None)
