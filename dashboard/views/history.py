"""A project's history: the graph and every environment in one look."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import CREATE, SEE, permission
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.usecases.read_authors import read_authors
from dashboard.usecases.read_history import RefRefused
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.history_counts import say_counts
from dashboard.views.history_problems import list_problems
from dashboard.views.history_query import HistoryQuery, Show, read_query
from dashboard.views.history_rows import list_off_graph, list_rows
from dashboard.views.merge_links import link_to_merge
from dashboard.views.refs import refuse_ref
from dashboard.views.requests import PageRequest, wants_part
from dashboard.views.statuses import find_project


@require_safe
@permission(SEE)
def history(request: PageRequest, project: str) -> HttpResponse:
    """What `HistoryQuery` asks for; a ref that the repository lacks or that is hostile is a 400."""
    query = read_query(request)
    try:
        status = find_project(request, project, ref=query.ref)
    except RefRefused as error:
        return refuse_ref(request, project, error)
    graph = status.history.graph
    chosen = _choose(status, query.environment)
    authors = read_authors(status.history)
    page = list_rows(graph, authors.found, status.environments, chosen, query)
    reading, is_part = status.history.reading, wants_part(request, "revisions")
    may_create = request.user.has_perm(CREATE) and query.ref is None
    problems = list_problems(status.history.problems)
    context = {
        "status": status,
        "project": status.project,
        "graph": graph,
        "query": query,
        "shows": list(Show),
        "page": page,
        "is_part": is_part,
        "are_authors_awaited": authors.awaited,
        "next_link": query.link(after=page.next_after) if page.next_after else "",
        "newer_link": query.link(at=page.newer_at) if page.newer_at else "",
        "off_graph": list_off_graph(graph, status.environments),
        "chosen": chosen,
        "stands_at": _list_places(graph, chosen, query) if chosen else [],
        "unreadable": reading.unreadable if reading else (),
        "counts": say_counts(graph),
        "problems": problems,
        "problem_count": len(problems) + (len(reading.unreadable) if reading else 0),
        "needs_merge": len(graph.effective_heads) > max(1, len(status.project.heads)),
        "may_create": may_create,
        "merge_link": link_to_merge(status, extra_heads(graph, status.project.heads)) if may_create else "",
    }
    return render(request, "_revisions.html" if is_part else "history.html", context)


def _choose(status: ProjectStatus, name: str) -> EnvironmentStatus | None:
    """The environment to shade by; without a name the last of dashboard.toml, which is where things matter most."""
    named = next((e for e in status.environments if e.environment.name == name), None)
    return named or (status.environments[-1] if status.environments else None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to find a revision in the list that is shown."""

    revision: str
    href: str


def _list_places(graph: RevisionGraph, chosen: EnvironmentStatus, query: HistoryQuery) -> list[Place]:
    """The rows of the chosen environment that this history has."""
    name = chosen.environment.name
    return [
        Place(row, f"{query.link(environment=name, q='', show='', at=row)}#revision-{quote(row)}")
        for row in chosen.status.current
        if row in graph.records
    ]
