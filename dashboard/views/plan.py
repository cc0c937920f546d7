"""A plan and its gate. Making one changes nothing but our own storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh, HttpResponseStopPolling, reswap, retarget

from dashboard.access import BACK_UP, CONFIRM, PLAN, SEE, permission
from dashboard.forms import AttestationForm, PlanForm
from dashboard.gate.condition import Gate
from dashboard.models import Backup, Plan, Run
from dashboard.revisions.plan import Action, Direction
from dashboard.usecases.compose_plan import PlanRefused
from dashboard.usecases.find_plan import latest_plan
from dashboard.usecases.plan_change import plan_change
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.usecases.review_plan import review_plan
from dashboard.usecases.work_version import work_version
from dashboard.views.asked_plan import find_asked_plan
from dashboard.views.backup import read_progress, read_rungs
from dashboard.views.backup_words import say_origin, say_policy
from dashboard.views.badges import badge_of_backup, badge_of_run
from dashboard.views.environment import make_headline, say_why_not
from dashboard.views.findings import changes_context
from dashboard.views.gates import GateView, gate_of_run_plan, list_gates, list_missing, say_what_if_it_fails
from dashboard.views.losses import is_counting, list_losses
from dashboard.views.plan_words import say_amount, say_button, say_participle, say_verb, say_what_it_does
from dashboard.views.rehearsal_words import view_rehearsals
from dashboard.views.requests import PageRequest, is_unchanged, wants_part
from dashboard.views.restore_words import view_restore
from dashboard.views.statuses import find_environment
from dashboard.views.work_title import say_backup_work, say_plan_work


@require_http_methods(["GET", "HEAD", "POST"])
@permission(SEE)
def plan(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """GET: the latest plan with its gate, or how to make one; `?plan=`: one that was run. POST: makes one.

    `?seen=`: what a poll has; unchanged, 204. `?of=`: the plan that a polling page is of; once there is a newer one, the
    page is loaded anew, so that nobody confirms what stands below another plan's heading.
    """
    if request.method == "POST":
        return make_plan(request, project, environment)
    version = work_version(project=project, environment=environment)
    if is_unchanged(request, version):
        return HttpResponse(status=204)
    project_status, status = find_environment(request, project, environment)
    context = plan_context(request, project_status, status) | {"version": version}
    if request.htmx and "of" in request.GET and not _is_still(request, context):
        return HttpResponseClientRefresh()
    if wants_part(request, "repeat"):
        return _poll_repeat(request, context)
    for part, (while_true, template) in _PARTS.items():
        if wants_part(request, part):
            return _poll(request, context, while_true, template)
    return render(request, "plan.html" if context["review"] else "plan_none.html", context)


_PARTS = {
    "backup": ("is_preparing", "_backup_progress.html"),
    "sql": ("is_looking", "_plan_looking.html"),
    "rehearsal": ("is_rehearsing", "_rehearsal_progress.html"),
    "restore": ("is_surveying", "_plan_restore.html"),
    "losses": ("is_counting", "_plan_losses.html"),
}
"""What a page polls: for as long as this is so, this is what comes."""


def _is_still(request: PageRequest, context: dict[str, Any]) -> bool:
    return bool(context["review"]) and request.GET["of"] == str(context["plan"].pk)


@permission(PLAN)
def make_plan(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """In the direction and to the targets of the form, or an upgrade to the effective head."""
    find_environment(request, project, environment)
    form = PlanForm(request.POST)
    if not form.is_valid():
        messages.error(request, "No plan was made. Name a direction and targets in Alembic's notation.")
        return redirect("plan", project, environment)
    try:
        plan_change(
            user=request.user,
            project=project,
            environment=environment,
            direction=form.chosen_direction(),
            targets=form.targets(),
        )
    except PlanRefused as refusal:
        messages.error(request, f"No plan was made. {refusal}")
        return redirect("environment", project, environment)
    return redirect("plan", project, environment)


def plan_context(
    request: PageRequest,
    project: ProjectStatus,
    status: EnvironmentStatus,
    attestation: AttestationForm | None = None,
) -> dict[str, Any]:
    """Everything that the page or one of its parts shows. `review` is None without a plan. Raises Http404."""
    found = find_asked_plan(request, project.project.name, status.environment.name)
    headline = make_headline(project, status)
    common = {
        "project": project.project,
        "status": status,
        "headline": headline,
        "refusal": say_why_not(status.status),
        "may_plan": request.user.has_perm(PLAN),
        "may_back_up": request.user.has_perm(BACK_UP),
        "may_confirm": request.user.has_perm(CONFIRM),
        "attestation": attestation or AttestationForm(),
        "is_attesting": attestation is not None,
        "review": None,
    }
    if found is None:
        return common
    run = Run.objects.filter(confirmation__plan=found).order_by("-pk").first()
    is_latest = found == latest_plan(found.project, found.environment)
    if run is None and not is_latest:
        raise Http404("A newer plan took its place before it was run.")
    review = review_plan(plan=found, user=request.user)
    backup = review.backup
    common |= changes_context(found, status.environment)
    rehearsal = view_rehearsals(found, backup, status.environment)
    gates = list_gates(review, rehearsal)
    rungs = read_rungs(backup) if backup else ()
    backup_work = say_backup_work(backup, rungs) if backup else ""
    tasks = {
        "is_looking": bool(common["is_looking"]),
        "is_counting": is_counting(found),
        "is_surveying": found.direction == Direction.RESTORE and found.counted_at is None,
        "is_rehearsing": rehearsal is not None and rehearsal.is_working,
    }
    return common | {
        "plan_run": run,
        "plan_run_badge": badge_of_run(run) if run else None,
        "review": review,
        "plan": found,
        "is_latest": is_latest,
        "words": _words(found),
        "losses": list_losses(found),
        "shows_losses": any(step.get("action") == Action.DOWNGRADE for step in found.steps),
        "restore": view_restore(found, project, status),
        "gates": (gate_of_run_plan(found),) if run else gates,
        "rehearsal": rehearsal,
        "missing": list_missing(review.conditions),
        "backup": backup,
        "backup_badge": badge_of_backup(backup) if backup else None,
        "is_preparing": backup is not None and backup.state == Backup.State.PREPARING,
        "rungs": rungs,
        "progress": read_progress(backup) if backup and not rungs else None,
        "work": _say_where_it_is(
            run, say_plan_work(tasks, backup_work, rehearsal.progress if rehearsal else None), gates
        ),
        **tasks,
        "backup_origin": say_origin(backup) if backup else "",
        "backup_policy": say_policy(status.environment),
        "if_it_fails": say_what_if_it_fails(headline.server, backup, found.direction),
    }


def _say_where_it_is(run: Run | None, work: str, gates: Sequence[GateView]) -> str:
    """For the browser's tab: how its run ended, what is being done for it, or how the last gate stands."""
    return badge_of_run(run).word if run else work or gates[-1].verdict


def _words(plan: Plan) -> dict[str, str]:
    return {
        "verb": say_verb(plan),
        "done": say_participle(plan),
        "amount": say_amount(plan),
        "button": say_button(plan),
        "what": say_what_it_does(plan),
    }


def _poll(request: PageRequest, context: dict[str, Any], while_true: str, part: str) -> HttpResponse:
    """What a worker is at; once it has ended the whole body, since its end opens or closes the other gates."""
    if context["review"] and context[while_true]:
        return render(request, "_plan_part.html", context | {"part": part})
    whole = render(request, "_plan_part.html", context | {"part": "_plan_body.html"})
    return reswap(retarget(HttpResponseStopPolling(whole.content), "#plan-body"), "outerHTML")


def _poll_repeat(request: PageRequest, context: dict[str, Any]) -> HttpResponse:
    """A repeated rehearsal changes its own gate alone: what somebody types into the confirmation stays."""
    gate = next((g for g in context.get("gates", ()) if g.gate is Gate.REHEARSAL), None)
    if gate is None or context["is_rehearsing"]:
        return _poll(request, context, "is_rehearsing", "_rehearsal_progress.html")
    whole = render(request, "_plan_part.html", context | {"gate": gate, "part": "_plan_gate.html"})
    return reswap(retarget(HttpResponseStopPolling(whole.content), "#gate-rehearsal"), "outerHTML")
