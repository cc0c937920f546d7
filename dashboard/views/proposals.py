"""New revision files: asked for, shown before they are written, written or downloaded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from dashboard.access import CREATE, REVIEW, SEE, permission
from dashboard.gate.finding_policy import Level
from dashboard.models import RevisionProposal
from dashboard.sources.configuration import Project, UnknownName
from dashboard.usecases.alembic_commands import merge_message
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.propose_revision import (
    LONGEST_MESSAGE,
    ProposalRefused,
    RevisionChoices,
    propose_revision,
    read_choices,
)
from dashboard.usecases.read_history import read_history
from dashboard.usecases.read_proposal import list_differences, say_command, say_commit
from dashboard.usecases.write_proposal import AlreadyWritten, discard_proposal, why_not_written, write_proposal
from dashboard.views.comparable_databases import list_databases
from dashboard.views.earlier_proposals import list_earlier
from dashboard.views.findings import MARKS
from dashboard.views.highlighting import highlight_lines
from dashboard.views.proposal_words import badge_of_proposal, view_sql
from dashboard.views.requests import PageRequest, is_unchanged, wants_part
from dashboard.views.statuses import find_project

State = RevisionProposal.State
Kind = RevisionProposal.Kind
OVERDUE_AFTER = timedelta(minutes=1)
"""A worker takes one up within seconds, unless all are busy or none runs."""


@require_http_methods(["GET", "HEAD", "POST"])
@permission(CREATE)
def new_revision(request: PageRequest, project: str) -> HttpResponse:
    """GET: what to ask for; `?kind=`, `?head=` (again and again) and `?environment=` are filled in. POST: asks for it.

    `?earlier=all`: every proposal of the project below, not only the newest.
    """
    status = find_project(request, project)
    given = request.POST if request.method == "POST" else request.GET
    refusal = ""
    if request.method == "POST":
        try:
            proposal = propose_revision(
                user=request.user,
                project=project,
                kind=given.get("kind", ""),
                message=given.get("message", ""),
                environment=given.get("environment", ""),
                heads=[head for head in given.getlist("head") if head],
                revision=given.get("revision", ""),
                folder=given.get("folder", ""),
            )
        except ProposalRefused as error:
            refusal = str(error)
        else:
            return redirect("proposal", proposal.pk)
    choices = read_choices(status.project)
    chosen = given.getlist("head")
    is_merge = given.get("kind", Kind.MERGE if choices.to_merge else Kind.AUTOGENERATE) == Kind.MERGE
    on_work_tree = [e for e in status.environments if e.environment in choices.environments]
    context = {
        "project": status.project,
        "choices": choices,
        "refusal": refusal,
        "given": {name: given.get(name, "") for name in ("message", "revision", "folder")},
        "is_merge": is_merge and len(choices.heads) > 1,
        "chosen": chosen,
        "merged": chosen or choices.to_merge,
        "merge_message": _merge_message(choices, chosen),
        "longest": LONGEST_MESSAGE,
        "databases": list_databases(on_work_tree, given.get("environment", "")),
        "earlier": list_earlier(project, given.get("earlier") == "all"),
    }
    return render(request, "new_revision.html", context, status=400 if refusal else 200)


@require_safe
@permission(SEE)
def proposal(request: PageRequest, number: int) -> HttpResponse:
    """While a worker is at it htmx asks for the part `body`, with `?seen=` the state that it shows; unchanged, 204."""
    found = get_object_or_404(RevisionProposal.objects.select_related("created_by", "written_by"), pk=number)
    if is_unchanged(request, found.state):
        return HttpResponse(status=204)
    context = _context(request, found)
    if not wants_part(request, "body"):
        return render(request, "proposal.html", context)
    body = render(request, "_proposal_body.html", context)
    return body if context["is_working"] else HttpResponseStopPolling(body.content)


@require_safe
@permission(SEE)
def proposal_file(request: PageRequest, number: int) -> HttpResponse:
    """The file to download, under the name that Alembic gave it; a 404 where there is none."""
    found = get_object_or_404(RevisionProposal, pk=number)
    if not found.content:
        raise Http404("This proposal has no file.")
    answer = HttpResponse(found.content.encode(), content_type="text/x-python; charset=utf-8")
    answer.headers["Content-Disposition"] = content_disposition_header(True, PurePosixPath(found.path).name) or ""
    return answer


@require_POST
@permission(CREATE)
def write(request: PageRequest, number: int) -> HttpResponse:
    """Into the work tree; `sha256` of the text as it was shown. Goes back to the proposal, which says what to commit."""
    get_object_or_404(RevisionProposal, pk=number)
    try:
        write_proposal(user=request.user, proposal_id=number, sha256=request.POST.get("sha256", ""))
    except AlreadyWritten as already:
        messages.info(request, str(already))
    except ProposalRefused as refusal:
        messages.error(request, f"Nothing was written. {refusal}")
    return redirect("proposal", number)


@require_POST
@permission(CREATE)
def discard(request: PageRequest, number: int) -> HttpResponse:
    """Sets it aside, and goes back to the project's history."""
    found = get_object_or_404(RevisionProposal, pk=number)
    discard_proposal(user=request.user, proposal_id=number)
    if _project_of(found) is None:
        return redirect("overview")
    return redirect("history", found.project)


def _merge_message(choices: RevisionChoices, chosen: list[str]) -> str:
    heads = chosen or choices.to_merge
    return merge_message(heads) if len(heads) > 1 else ""


def _project_of(found: RevisionProposal) -> Project | None:
    try:
        return configuration().project(found.project)
    except UnknownName:
        return None


def _context(request: PageRequest, found: RevisionProposal) -> dict[str, Any]:
    project = _project_of(found)
    context: dict[str, Any] = {
        "proposal": found,
        "project": project,
        "badge": badge_of_proposal(found.state),
        "is_working": found.state in RevisionProposal.LIVE,
        "is_overdue": found.state == State.QUEUED and timezone.now() - found.created_at > OVERDUE_AFTER,
        "is_merge": found.kind == Kind.MERGE,
        "may_create": request.user.has_perm(CREATE),
        "may_review": request.user.has_perm(REVIEW),
        "differences": list_differences(found),
        "takes_data": MARKS[Level.DESTRUCTIVE],
        "lines": highlight_lines(found.content.rstrip("\n")) if found.content else (),
        **view_sql(found),
    }
    if project is None or not found.content:
        return context
    return context | {
        "why_not": why_not_written(found),
        "command": say_command(found, project),
        "commit": say_commit(found, project) if found.state == State.WRITTEN else (),
        "is_in_history": found.revision in read_history(project).graph.records,
    }
