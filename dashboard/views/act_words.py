"""How each kind of act reads in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from dashboard.views.badges import Badge, badge_of_run
from dashboard.views.plan_words import say_noun

_STATES: dict[str, str] = {"proven": "ready"}
"""In the log's words: how far a backup is proven is told where the backup is."""
_REHEARSED: dict[str, Badge] = {
    Rehearsal.State.QUEUED: Badge("waiting", "queued"),
    Rehearsal.State.WORKING: Badge("running", "working"),
    Rehearsal.State.PASSED: Badge("current", "passed"),
    Rehearsal.State.FAILED: Badge("failed", "failed"),
    Rehearsal.State.UNAVAILABLE: Badge("unknown", "could not be tried"),
}
OF_PLANS = frozenset({"plan", "rehearsal", "override"})
"""Kinds whose page is a plan's, which goes with its environment."""


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


def _where(row: Any) -> str:
    return f"{row.project} / {row.environment}"


def plan_act(plan: Plan) -> Act:
    detail, words = f"plan {plan.pk}, fingerprint {plan.fingerprint[:12]}", f"planned {say_noun(plan)}"
    return Act(
        plan.created_at, _name(plan.created_by), "plan", words, _where(plan), detail, "waiting", _plan_href(plan)
    )


def backup_act(backup: Backup) -> Act:
    attested = backup.method == Backup.Method.ATTEST
    return Act(
        backup.created_at,
        _name(backup.created_by),
        "backup",
        "attested a backup" if attested else "asked for a backup",
        _where(backup),
        f"backup {backup.pk}, {_STATES.get(str(backup.state), backup.state)}{': ' + backup.where if attested else ''}",
        "failed" if backup.state == Backup.State.FAILED else "read",
        reverse("backup", args=[backup.pk]),
    )


def proof_act(proof: Proof) -> Act:
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


def rehearsal_act(rehearsal: Rehearsal) -> Act:
    badge = _REHEARSED[rehearsal.state]
    return Act(
        rehearsal.requested_at,
        _name(rehearsal.requested_by),
        "rehearsal",
        f"asked for a rehearsal of plan {rehearsal.plan_id}",
        _where(rehearsal.plan),
        f"on backup {rehearsal.backup_id}, {badge.word}",
        badge.tone,
        _plan_href(rehearsal.plan),
    )


def override_act(override: RehearsalOverride) -> Act:
    return Act(
        override.given_at,
        _name(override.given_by),
        "override",
        f"let the rehearsal of plan {override.rehearsal.plan_id} pass: {override.exceeded}",
        _where(override.rehearsal.plan),
        override.reason,
        "pending",
        _plan_href(override.rehearsal.plan),
    )


def acceptance_act(acceptance: Acceptance) -> Act:
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


def confirmation_act(confirmation: Confirmation) -> Act:
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


def intervention_act(intervention: Intervention) -> Act:
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


def deletion_act(kept: Replacement) -> Act:
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


def file_act(proposal: RevisionProposal) -> Act:
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


def run_act(run: Run) -> Act:
    assert run.settled_at is not None
    badge = badge_of_run(run)
    href = reverse("run", args=[run.pk])
    return Act(
        run.settled_at, "", "run", f"run {run.pk} settled: {badge.word}", _where(run), run.detail, badge.tone, href
    )


def _plan_href(plan: Plan) -> str:
    return f"{reverse('plan', args=[plan.project, plan.environment])}?plan={plan.pk}"


def _name(person: Any) -> str:
    return str(person.get_username())
