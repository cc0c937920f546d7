"""One run, live and settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseStopPolling

from dashboard.access import CONFIRM, PLAN, SEE, permission
from dashboard.models import Replacement, Run, RunLogLine, RunStep
from dashboard.sources.configuration import Project, UnknownName
from dashboard.usecases.catalogue import find_environment, title_of
from dashboard.usecases.expect_durations import Known, expect_steps, rehearsed_durations
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.read_contention import read_contention
from dashboard.usecases.read_history import read_history
from dashboard.usecases.replaced_databases import short_name
from dashboard.usecases.run_version import run_version
from dashboard.views.activity_words import current_activity
from dashboard.views.plan_words import say_kind, say_verb
from dashboard.views.requests import PageRequest, wants_part
from dashboard.views.run_actions import offer_action, view_contention
from dashboard.views.run_progress import view_log, view_run


@require_safe
@permission(SEE)
def run(request: PageRequest, number: int) -> HttpResponse:
    """Whole, or while it is live the part that changes, with the log's new lines (`?after=`); 204 where none did (`?seen=`)."""
    version = run_version(number)
    if wants_part(request, "live") and version and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    found = get_object_or_404(
        Run.objects.select_related("confirmation__plan", "confirmation__backup", "confirmation__confirmed_by"),
        pk=number,
    )
    if not wants_part(request, "live"):
        return render(request, "run.html", _context(request, found) | {"version": version})
    if not found.is_live:
        # The whole page, because the sidebar, the title and the outcome all tell the end.
        return HttpResponseStopPolling(headers={"HX-Refresh": "true"})
    after = request.GET.get("after", "")
    number_seen = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    context = _context(request, found, number_seen) | {"is_oob": True, "version": version}
    # Replaced only where it changes: a button that is replaced under the pointer loses the click.
    context["is_new_action"] = request.GET.get("action", "") != context["action"].key
    return render(request, "_run_live.html", context)


@require_safe
@permission(SEE)
def run_log(request: PageRequest, number: int) -> HttpResponse:
    """The whole log as plain text, line by line, so that a long one does not fill the memory."""
    found = get_object_or_404(Run, pk=number)
    response = StreamingHttpResponse(
        _log_text(found),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="run-{found.pk}.log"'},
    )
    return cast("HttpResponse", response)  # for Django both are responses; they only share no type


def _context(request: PageRequest, run: Run, after: int = 0) -> dict[str, Any]:
    replaced = Replacement.objects.filter(run=run, swapped_at__isnull=False).first()
    project, title = _project_of(run), title_of(run.project)
    shows_outcome = run.phase in {Run.Phase.SETTLED, Run.Phase.UNSETTLED}
    steps = tuple(run.steps.all())
    restoring = current_activity(run.confirmation.backup, run) if run.is_live and not steps else None
    return {
        "run": run,
        "verb": say_verb(run.confirmation.plan),
        "kind": say_kind(run.confirmation.plan),
        "view": view_run(run, steps, timezone.now(), _expected(run, steps), restoring, project_title=title),
        "action": offer_action(run, may_act=request.user.has_perm(CONFIRM)),
        "contention": view_contention(read_contention(run)),
        "log": view_log(run, after),
        "explanation": explain_run(run) if shows_outcome else None,
        "plan": run.confirmation.plan,
        "known_revisions": read_history(project).graph.records if project else {},
        "is_configured": project is not None,
        "project_title": title,
        "may_plan": request.user.has_perm(PLAN),
        "may_confirm": request.user.has_perm(CONFIRM),
        "replaced": replaced,
        "replaced_name": short_name(replaced) if replaced else "",
    }


def _expected(run: Run, steps: Sequence[RunStep]) -> Known:
    """How long each step took in rehearsals, else before.

    Of a run that is over nobody asks any more what earlier runs took; what its rehearsals took is for comparing.
    """
    plan, backup = run.confirmation.plan, run.confirmation.backup
    if not run.is_live:
        return rehearsed_durations(plan=plan, backup=backup)
    return expect_steps(
        project=run.project, plan=plan, backup=backup, steps=[(step.revision, step.action) for step in steps]
    )


def _project_of(run: Run) -> Project | None:
    """Runs outlive their environment's entry in dashboard.toml; None: links to it lead nowhere."""
    try:
        project, _environment = find_environment(run.project, run.environment)
    except UnknownName:
        return None
    return project


def _log_text(run: Run) -> Iterator[str]:
    for line in RunLogLine.objects.filter(run=run).order_by("number").iterator(chunk_size=500):
        yield f"{timezone.localtime(line.at).isoformat(timespec='milliseconds')} {line.kind:<8} {line.text}\n"
