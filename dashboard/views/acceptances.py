"""A person's word for findings of a plan, and the plan's SQL as a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import CONFIRM, SEE, permission
from dashboard.forms import AcceptanceForm
from dashboard.usecases.accept_finding import AcceptanceRefused, accept_findings
from dashboard.usecases.preview_plan import stored_sql
from dashboard.usecases.sql_script import is_incomplete, write_script
from dashboard.views.asked_plan import find_asked_plan
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment


@require_POST
@permission(CONFIRM)
def accept(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Records the chosen findings as accepted, with the reason, and goes back to the plan."""
    find_environment(request, project, environment)
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was accepted. Choose findings and give a reason of at most 1,000 characters.")
        return redirect("plan", project, environment)
    try:
        accept_findings(
            user=request.user,
            project=project,
            environment=environment,
            plan=form.cleaned_data["plan"],
            findings=form.findings(),
            reason=form.cleaned_data["reason"],
        )
    except AcceptanceRefused as refusal:
        messages.error(request, f"Nothing was accepted. {refusal}")
    return redirect("plan", project, environment)


@require_safe
@permission(SEE)
def plan_sql(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """The latest plan's SQL to download, or that of `?plan=`; 404 until a worker has written it."""
    find_environment(request, project, environment)
    plan = find_asked_plan(request, project, environment)
    reading = stored_sql(plan) if plan else None
    if plan is None or reading is None:
        raise Http404(f"There is no SQL of a plan for {environment} yet.")
    held = ", ".join(plan.current) or "no revision"
    header = (
        f"-- {plan.direction.replace('_', ' ')} of {project} / {environment}, plan {plan.pk}, made {plan.created_at:%Y-%m-%d %H:%M:%S} UTC",
        f"-- Fits a database whose version table holds: {held}.",
        f"-- Fingerprint of the plan: {plan.fingerprint}",
        "",
    )
    name = f"{project}-{environment}-plan-{plan.pk}{'-incomplete' if is_incomplete(reading.pieces) else ''}.sql"
    answer = HttpResponse(write_script(reading.pieces, header=header), content_type="application/sql; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
