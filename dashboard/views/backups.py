"""Backups: the list of all, and asking for or attesting one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import BACK_UP, SEE, permission
from dashboard.forms import AttestationForm
from dashboard.models import Backup
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.take_backup import BackupRefused, request_backup
from dashboard.usecases.take_backup import attest_backup as record_attestation
from dashboard.views.badges import badge_of_backup
from dashboard.views.environment import BackupLine
from dashboard.views.plan import plan_context
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment

PAGE = 50


@dataclass(frozen=True, slots=True)
class BackupFilter:
    """Empty: all."""

    project: str
    environment: str
    state: str

    def apply(self, backups: QuerySet[Backup]) -> QuerySet[Backup]:
        """Those that match."""
        wanted = {name: value for name in ("project", "environment", "state") if (value := getattr(self, name))}
        return backups.filter(**wanted)

    def __bool__(self) -> bool:
        return bool(self.project or self.environment or self.state)


@require_safe
@permission(SEE)
def backups(request: PageRequest) -> HttpResponse:
    """Every backup, newest first, also those that failed or were deleted. `?of=project/environment` and `?state=` narrow it."""
    chosen = _read_filter(request.GET)
    environments = [(p.name, e) for p in configuration().projects.values() for e in p.environments]
    page = Paginator(chosen.apply(Backup.objects.select_related("created_by")), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": tuple(BackupLine(b, badge_of_backup(b), (b.project, b.environment) in environments) for b in page),
        "chosen": chosen,
        "environments": environments,
        "states": Backup.State.values,
    }
    return render(request, "backups.html", context)


def _read_filter(query: QueryDict) -> BackupFilter:
    project, _, environment = query.get("of", "").partition("/")
    state = query.get("state", "")
    return BackupFilter(project, environment, state if state in Backup.State.values else "")


@require_POST
@permission(BACK_UP)
def take_backup(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Queues one; the plan page shows how it comes along."""
    find_environment(request, project, environment)
    try:
        request_backup(user=request.user, project=project, environment=environment)
    except BackupRefused as refusal:
        messages.error(request, f"No backup was begun. {refusal}")
    return _back(request, project, environment)


@require_POST
@permission(BACK_UP)
def attest_backup(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Records a person's word. A form with errors is shown again, with what was typed."""
    project_status, status = find_environment(request, project, environment)
    form = AttestationForm(request.POST)
    if not form.is_valid():
        context = plan_context(request, project_status, status, form)
        return render(request, "plan.html" if context["review"] else "plan_none.html", context, status=422)
    try:
        backup = record_attestation(
            user=request.user,
            project=project,
            environment=environment,
            where=form.cleaned_data["where"],
            taken_at=form.cleaned_data["taken_at"],
            how=form.cleaned_data["how"],
        )
    except BackupRefused as refusal:
        messages.error(request, f"Nothing was recorded. {refusal}")
    else:
        messages.success(request, f"Backup {backup.pk} is recorded as attested by you. It is not proven here.")
    return _back(request, project, environment)


def _back(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """To the page whose form it was: of the environment, or of its plan."""
    if request.POST.get("from") == "environment":
        return redirect("environment", project, environment)
    return redirect("plan", project, environment)
