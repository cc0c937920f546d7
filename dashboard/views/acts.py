"""What people did, and how their runs ended: the lines of the audit log, whatever table they were written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from dashboard.models import (
    Acceptance,
    Backup,
    Confirmation,
    Intervention,
    Plan,
    Proof,
    Rehearsal,
    RehearsalOverride,
    Replacement,
    RevisionProposal,
    Run,
)
from dashboard.usecases.replaced_databases import short_name
from dashboard.views.badges import badge_of_run
from dashboard.views.plan_words import say_planned


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log. `who` is empty where the dashboard itself settled a run."""

    at: datetime
    who: str
    kind: str
    words: str
    where: str
    detail: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Empty: all. `kind`: one of KINDS; `before`: only older ones."""

    project: str = ""
    environment: str = ""
    who: str = ""
    kind: str = ""
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """A table with where it keeps environment, person and time, and how one of its rows reads."""

    found: Callable[[], QuerySet[Any]]
    environment: str
    person: str
    at: str
    tell: Callable[[Any], Act]


def list_acts(chosen: ActFilter, limit: int) -> tuple[Act, ...]:
    """Newest first, at most `limit`."""
    sources = [source for kind, source in _SOURCES.items() if chosen.kind in {"", kind}]
    acts = [source.tell(row) for source in sources for row in _newest(source, chosen)[:limit]]
    return tuple(sorted(acts, key=lambda act: act.at, reverse=True)[:limit])


def iterate_acts(chosen: ActFilter) -> Iterator[Act]:
    """All of them, newest first, a part at a time, so that years of them do not fill the memory."""
    part = list_acts(chosen, _PART)
    while part:
        yield from part
        part = list_acts(_older(chosen, part[-1].at), _PART)


_PART = 500


def _older(chosen: ActFilter, before: datetime) -> ActFilter:
    return ActFilter(chosen.project, chosen.environment, chosen.who, chosen.kind, before)


def _newest(source: _Source, chosen: ActFilter) -> QuerySet[Any]:
    wanted = {
        f"{source.environment}project": chosen.project,
        f"{source.environment}environment": chosen.environment,
        f"{source.person}__username": chosen.who,
        f"{source.at}__lt": chosen.before,
    }
    return source.found().filter(**{key: value for key, value in wanted.items() if value}).order_by(f"-{source.at}")


def _where(row: Any) -> str:
    return f"{row.project} / {row.environment}"


def _plan_act(plan: Plan) -> Act:
    detail = f"plan {plan.pk}, fingerprint {plan.fingerprint[:12]}"
    return Act(plan.created_at, _name(plan.created_by), "plan", say_planned(plan), _where(plan), detail, "waiting", "")


def _backup_act(backup: Backup) -> Act:
    attested = backup.method == Backup.Method.ATTEST
    return Act(
        backup.created_at,
        _name(backup.created_by),
        "backup",
        "attested a backup" if attested else "asked for a backup",
        _where(backup),
        f"backup {backup.pk}, {_STATES.get(str(backup.state), backup.state)}{': ' + backup.where if attested else ''}",
        "read",
        reverse("backup", args=[backup.pk]),
    )


def _proof_act(proof: Proof) -> Act:
    words = f"asked for another proof of backup {proof.backup_id}"
    who = _name(proof.requested_by)
    return Act(
        proof.requested_at,
        who,
        "proof",
        words,
        _where(proof.backup),
        "",
        "read",
        reverse("backup", args=[proof.backup_id]),
    )


def _rehearsal_act(rehearsal: Rehearsal) -> Act:
    return Act(
        rehearsal.requested_at,
        _name(rehearsal.requested_by),
        "rehearsal",
        f"asked for another rehearsal of plan {rehearsal.plan_id}",
        _where(rehearsal.plan),
        f"on backup {rehearsal.backup_id}, {rehearsal.get_state_display()}",
        "read",
        "",
    )


def _override_act(override: RehearsalOverride) -> Act:
    return Act(
        override.given_at,
        _name(override.given_by),
        "override",
        f"let the rehearsal of plan {override.rehearsal.plan_id} pass: {override.exceeded}",
        _where(override.rehearsal.plan),
        override.reason,
        "pending",
        "",
    )


def _acceptance_act(acceptance: Acceptance) -> Act:
    return Act(
        acceptance.accepted_at,
        _name(acceptance.accepted_by),
        "acceptance",
        f"accepted the finding {acceptance.rule} in {acceptance.revision}",
        _where(acceptance),
        acceptance.reason,
        "pending",
        "",
    )


def _confirmation_act(confirmation: Confirmation) -> Act:
    run = getattr(confirmation, "run", None)
    return Act(
        confirmation.created_at,
        _name(confirmation.confirmed_by),
        "confirmation",
        f"confirmed plan {confirmation.plan_id}, typed “{confirmation.typed}”",
        _where(confirmation.plan),
        f"with backup {confirmation.backup_id}" + (f", run {run.pk}" if run else ""),
        "pending",
        reverse("run", args=[run.pk]) if run else "",
    )


def _intervention_act(intervention: Intervention) -> Act:
    asked = (
        "asked for the cancellation of"
        if intervention.kind == Intervention.Kind.CANCELLATION
        else "ended what was left of"
    )
    return Act(
        intervention.requested_at,
        _name(intervention.requested_by),
        "intervention",
        f"{asked} run {intervention.run_id}",
        _where(intervention.run),
        intervention.answer,
        "failed",
        reverse("run", args=[intervention.run_id]),
    )


def _deletion_act(kept: Replacement) -> Act:
    assert kept.deletion_requested_at is not None
    return Act(
        kept.deletion_requested_at,
        _name(kept.deletion_requested_by),
        "deletion",
        f"had the database deleted that run {kept.run_id} replaced",
        _where(kept.run),
        short_name(kept) + ("" if kept.deleted_at else ", not done yet"),
        "failed",
        reverse("run", args=[kept.run_id]),
    )


def _file_act(proposal: RevisionProposal) -> Act:
    assert proposal.written_at is not None
    return Act(
        proposal.written_at,
        _name(proposal.written_by),
        "file",
        f"wrote revision {proposal.revision} into the work tree",
        _where(proposal) if proposal.environment else proposal.project,
        proposal.path,
        "pending",
        reverse("proposal", args=[proposal.pk]),
    )


def _run_act(run: Run) -> Act:
    assert run.settled_at is not None
    badge = badge_of_run(run)
    href = reverse("run", args=[run.pk])
    return Act(
        run.settled_at, "", "run", f"run {run.pk} settled: {badge.word}", _where(run), run.detail, badge.tone, href
    )


def _name(person: Any) -> str:
    return str(person.get_username())


_STATES: dict[str, str] = {"proven": "ready"}
"""In the log's words: how far a backup is proven is told where the backup is."""
_SOURCES: dict[str, _Source] = {
    "plan": _Source(lambda: Plan.objects.select_related("created_by"), "", "created_by", "created_at", _plan_act),
    "backup": _Source(lambda: Backup.objects.select_related("created_by"), "", "created_by", "created_at", _backup_act),
    "proof": _Source(
        # Each backup has a first one, which nobody asks for by itself.
        lambda: Proof.objects.filter(backup__proofs__pk__lt=F("pk")).distinct().select_related("requested_by", "backup"),
        "backup__", "requested_by", "requested_at", _proof_act,
    ),
    "rehearsal": _Source(
        # Those that began by themselves nobody asked for.
        lambda: Rehearsal.objects.exclude(requested_by=None).select_related("requested_by", "plan"),
        "plan__", "requested_by", "requested_at", _rehearsal_act,
    ),
    "override": _Source(
        lambda: RehearsalOverride.objects.select_related("given_by", "rehearsal__plan"),
        "rehearsal__plan__", "given_by", "given_at", _override_act,
    ),
    "acceptance": _Source(
        lambda: Acceptance.objects.select_related("accepted_by"), "", "accepted_by", "accepted_at", _acceptance_act
    ),
    "confirmation": _Source(
        lambda: Confirmation.objects.select_related("plan", "confirmed_by", "run"),
        "plan__", "confirmed_by", "created_at", _confirmation_act,
    ),
    "intervention": _Source(
        lambda: Intervention.objects.select_related("requested_by", "run"),
        "run__", "requested_by", "requested_at", _intervention_act,
    ),
    "deletion": _Source(
        lambda: Replacement.objects.exclude(deletion_requested_at=None).select_related("deletion_requested_by", "run"),
        "run__", "deletion_requested_by", "deletion_requested_at", _deletion_act,
    ),
    "file": _Source(
        lambda: RevisionProposal.objects.exclude(written_at=None).select_related("written_by"),
        "", "written_by", "written_at", _file_act,
    ),
    "run": _Source(
        lambda: Run.objects.filter(phase=Run.Phase.SETTLED), "", "confirmation__confirmed_by", "settled_at", _run_act
    ),
}  # fmt: skip
KINDS = tuple(_SOURCES)
