"""One revision: its source, its neighbours, and where it is applied."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from dashboard.access import REVIEW, SEE, permission
from dashboard.revisions.alterations import Alteration
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord
from dashboard.usecases.plans_to_review import list_plans_to_review
from dashboard.usecases.read_alterations import read_alterations
from dashboard.usecases.read_authors import read_authors
from dashboard.usecases.read_history import RefRefused
from dashboard.usecases.read_revision_source import SourceUnavailable, read_revision_source
from dashboard.usecases.read_status import ProjectStatus
from dashboard.usecases.review_revision import is_written_by, read_review
from dashboard.views.alterations import title_of_alteration
from dashboard.views.highlighting import highlight_lines
from dashboard.views.history_query import read_query
from dashboard.views.refs import refuse_ref
from dashboard.views.requests import PageRequest, is_unchanged, wants_part
from dashboard.views.revision_sql import sql_context
from dashboard.views.standings import list_standings
from dashboard.views.statuses import find_project


@require_safe
@permission(SEE)
def revision(request: PageRequest, project: str, revision: str) -> HttpResponse:
    """Revision ids are free text; one that the history lacks is a 404. `?ref=` as on the history page.

    `?seen=`: what a poll has; unchanged, 204. Executes nothing.
    """
    query = read_query(request)
    try:
        status = find_project(request, project, ref=query.ref)
    except RefRefused as error:
        return refuse_ref(request, project, error)
    graph, reading = status.history.graph, status.history.reading
    record = graph.records.get(revision)
    if record is None:
        raise Http404(f"{status.project.title} has no revision {revision!r} in its script directory.")
    sql = sql_context(request, status.project, record, query.ref)
    if is_unchanged(request, sql["sql_version"]):
        return HttpResponse(status=204)
    if wants_part(request, "sql"):
        return render(request, "_revision_sql.html", sql | {"project": status.project, "record": record})
    lines: tuple[SafeString, ...] = ()
    missing, commit = "", reading.commit if reading and query.ref is not None else ""
    try:
        lines = highlight_lines(read_revision_source(project=status.project, record=record, commit=commit))
    except SourceUnavailable as error:
        missing = str(error)
    context = sql | {
        "project": status.project,
        "query": query,
        "history_link": f"{reverse('history', args=[project])}{query.link(at=revision)}",
        "record": record,
        "review": read_review(project=status.project, record=record),
        "asking_plans": list_plans_to_review(status.project, revision) if query.ref is None else (),
        "altered": _alterations(status, revision) if query.ref is None else [],
        "is_own_file": is_written_by(request.user, project=project, revision=revision),
        "may_review": request.user.has_perm(REVIEW) and query.ref is None,
        "commit": read_authors(status.history).found.get(record.path),
        "down": _known(graph, record.down_revision),
        "next": _known(graph, graph.next_revisions(revision)),
        "depends_on": _known(graph, record.depends_on),
        "standings": list_standings(status, revision),
        "lines": lines,
        "missing": missing,
    }
    return render(request, "revision.html", context)


def _known(graph: RevisionGraph, names: tuple[str, ...]) -> tuple[tuple[str, RevisionRecord | None], ...]:
    """Each name with its revision; a label of depends_on or a missing file has none."""
    return tuple((name, graph.records.get(name)) for name in names)


def _alterations(status: ProjectStatus, revision: str) -> list[tuple[Alteration, str]]:
    """Each with its headline, which names the environments."""
    found = (a for a in read_alterations(status) if a.applied.revision == revision)
    return [(alteration, title_of_alteration(alteration)) for alteration in found]
