"""One backup: its ladder, what it holds, who relies on it; and proving it once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling, reswap, retarget

from dashboard.access import BACK_UP, PLAN, SEE, permission
from dashboard.models import Backup, Proof, Run
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.prove_backup import ProofRefused, request_proof
from dashboard.usecases.read_backup import has_scratch_place, read_holdings
from dashboard.usecases.restore_by_hand import restore_command
from dashboard.usecases.work_version import backup_version
from dashboard.views.activity_words import ProgressView, current_activity, view_activity
from dashboard.views.backup_words import COPIED_FACTS, list_facts
from dashboard.views.badges import Badge, badge_of_backup, badge_of_proof, badge_of_run
from dashboard.views.requests import PageRequest, is_unchanged, wants_part
from dashboard.views.rungs import Rung, list_rungs
from dashboard.views.work_title import say_backup_work


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One climb of the ladder."""

    proof: Proof
    badge: Badge


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run that was confirmed with the backup."""

    run: Run
    badge: Badge


@require_safe
@permission(SEE)
def backup(request: PageRequest, number: int) -> HttpResponse:
    """Also one that failed or was deleted. `?seen=`: what a poll has; unchanged, 204."""
    version = backup_version(number)
    if is_unchanged(request, version):
        return HttpResponse(status=204)
    found = get_object_or_404(Backup.objects.select_related("created_by"), pk=number)
    context = _context(request, found) | {"version": version}
    if not wants_part(request, "ladder"):
        return render(request, "backup.html", context)
    if context["is_working"]:
        return render(request, "_backup_part.html", context | {"part": "_backup_ladder.html"})
    whole = render(request, "_backup_part.html", context | {"part": "_backup_body.html"})
    return reswap(retarget(HttpResponseStopPolling(whole.content), "#backup-body"), "outerHTML")


@require_POST
@permission(BACK_UP)
def prove_backup(request: PageRequest, number: int) -> HttpResponse:
    """Climbs the ladder once more; `up_to` says how far."""
    up_to = "restore" if request.POST.get("up_to") == "restore" else "read"
    try:
        request_proof(user=request.user, backup_id=number, up_to=up_to)
    except ProofRefused as refusal:
        messages.error(request, f"No proof was begun. {refusal}")
    if not Backup.objects.filter(pk=number).exists():
        return redirect("backups")
    return redirect("backup", number)


def read_rungs(found: Backup) -> tuple[Rung, ...]:
    """The ladder as it is now."""
    return list_rungs(
        found,
        found.proofs.first(),
        timezone.now(),
        has_scratch=has_scratch_place(found),
        progress=read_progress(found),
    )


def read_progress(found: Backup) -> ProgressView | None:
    """What a worker does to it at the moment, to take it or to prove it."""
    activity = current_activity(found, found.proofs.first() if found.sha256 else None)
    return view_activity(activity, timezone.now()) if activity else None


def _context(request: PageRequest, found: Backup) -> dict[str, Any]:
    proofs = tuple(found.proofs.select_related("requested_by"))
    is_proving = any(proof.state in Proof.LIVE for proof in proofs)
    holdings = read_holdings(found)
    rungs = read_rungs(found)
    runs = Run.objects.filter(confirmation__backup=found).select_related("confirmation__confirmed_by")
    is_good_dump = found.method == Backup.Method.DUMP and found.state == Backup.State.PROVEN
    return {
        "backup": found,
        "badge": badge_of_backup(found),
        "rungs": rungs,
        "progress": read_progress(found) if found.state == Backup.State.PREPARING and not rungs else None,
        "work": say_backup_work(found, rungs) or badge_of_backup(found).word,
        "is_working": is_proving or found.state == Backup.State.PREPARING,
        "is_configured": _is_configured(found),
        "may_back_up": request.user.has_perm(BACK_UP),
        "may_prove": is_good_dump and not is_proving,
        "may_restore": is_good_dump and not is_proving and has_scratch_place(found) and holdings is not None,
        "may_go_back": is_good_dump and request.user.has_perm(PLAN) and _allows_restore(found),
        "proofs": tuple(ProofLine(proof, badge_of_proof(proof)) for proof in proofs),
        "runs": tuple(RunLine(run, badge_of_run(run)) for run in runs),
        "holdings": holdings,
        "facts": list_facts(found),
        "copied_facts": COPIED_FACTS,
        "by_hand": restore_command(found) if is_good_dump and request.user.has_perm(BACK_UP) else "",
    }


def _allows_restore(found: Backup) -> bool:
    try:
        _project, environment = find_environment(found.project, found.environment)
    except UnknownName:
        return False
    return Direction.RESTORE in environment.allow


def _is_configured(found: Backup) -> bool:
    try:
        find_environment(found.project, found.environment)
    except UnknownName:
        return False
    return True
