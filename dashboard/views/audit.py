"""Who did what, newest first: plans, backups, confirmations and how their runs ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.models import Backup, Confirmation, Plan, Run
from dashboard.views.badges import badge_of_run
from dashboard.views.plan_words import say_planned
from dashboard.views.requests import PageRequest

PAGE = 50


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log. `who` is empty where the dashboard itself settled a run."""

    at: datetime
    who: str
    words: str
    where: str
    detail: str
    tone: str
    href: str


@require_safe
@permission(SEE)
def audit(request: PageRequest) -> HttpResponse:
    """`?before=` an ISO time: the next part."""
    before = _parse(request.GET.get("before", ""))
    acts = sorted(_acts(before), key=lambda act: act.at, reverse=True)
    more = acts[PAGE - 1].at.isoformat() if len(acts) > PAGE else ""
    return render(request, "audit.html", {"acts": acts[:PAGE], "next_before": more})


def _parse(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and is_aware(moment) else None


def _acts(before: datetime | None) -> Iterator[Act]:
    """At most one page of each kind: more cannot be shown."""
    for plan in _newest(Plan.objects.select_related("created_by"), "created_at", before):
        yield _plan_act(plan)
    for backup in _newest(Backup.objects.select_related("created_by"), "created_at", before):
        yield _backup_act(backup)
    confirmations = Confirmation.objects.select_related("plan", "confirmed_by", "run")
    for confirmation in _newest(confirmations, "created_at", before):
        yield _confirmation_act(confirmation)
    for run in _newest(Run.objects.filter(phase=Run.Phase.SETTLED), "settled_at", before):
        yield _run_act(run)


def _newest(found: QuerySet[Any], field: str, before: datetime | None) -> QuerySet[Any]:
    older = found.filter(**{f"{field}__lt": before}) if before else found
    return older.order_by(f"-{field}")[: PAGE + 1]


def _plan_act(plan: Plan) -> Act:
    return Act(
        plan.created_at,
        plan.created_by.get_username(),
        say_planned(plan),
        f"{plan.project} / {plan.environment}",
        f"plan {plan.pk}, fingerprint {plan.fingerprint[:12]}",
        "waiting",
        "",
    )


def _backup_act(backup: Backup) -> Act:
    attested = backup.method == Backup.Method.ATTEST
    return Act(
        backup.created_at,
        backup.created_by.get_username(),
        "attested a backup" if attested else "asked for a backup",
        f"{backup.project} / {backup.environment}",
        f"backup {backup.pk}, {backup.state}{': ' + backup.where if attested else ''}",
        "read",
        reverse("backups"),
    )


def _confirmation_act(confirmation: Confirmation) -> Act:
    run = getattr(confirmation, "run", None)
    return Act(
        confirmation.created_at,
        confirmation.confirmed_by.get_username(),
        f"confirmed plan {confirmation.plan_id}, typed “{confirmation.typed}”",
        f"{confirmation.plan.project} / {confirmation.plan.environment}",
        f"with backup {confirmation.backup_id}" + (f", run {run.pk}" if run else ""),
        "pending",
        reverse("run", args=[run.pk]) if run else "",
    )


def _run_act(run: Run) -> Act:
    assert run.settled_at is not None
    badge = badge_of_run(run)
    return Act(
        run.settled_at,
        "",
        f"run {run.pk} settled: {badge.word}",
        f"{run.project} / {run.environment}",
        run.detail,
        badge.tone,
        reverse("run", args=[run.pk]),
    )
