"""A person accepts findings of a plan, with a reason; and which findings of a plan are accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from dashboard import access
from dashboard.gate.finding_policy import FindingFacts, Level
from dashboard.models import Acceptance, Finding, Plan, PlanPreview
from dashboard.sources.configuration import Environment
from dashboard.usecases.catalogue import find_environment, masker_for

LONGEST_REASON = 1_000


class AcceptanceRefused(Exception):
    """Nothing was accepted; the message says why and what to do."""


def accept_findings(
    *,
    user: AbstractBaseUser | AnonymousUser,
    project: str,
    environment: str,
    plan: int,
    findings: Collection[int],
    reason: str,
) -> tuple[Acceptance, ...]:
    """Records one acceptance for each finding of that plan that has none. Raises AcceptanceRefused, PermissionDenied.

    It holds for this environment, for as long as the revision's file and the statement stay as they are: also in a
    later plan, and never for another statement.
    """
    operator = access.require(user, access.CONFIRM)
    _project, e = find_environment(project, environment)
    said = masker_for(e).mask(reason.strip())[:LONGEST_REASON]
    if not said:
        raise AcceptanceRefused("Say why the findings are acceptable: the reason is kept with your name.")
    chosen = Finding.objects.filter(
        pk__in=findings, preview__plan_id=plan, preview__plan__project=project, preview__plan__environment=environment
    )
    if len(chosen) != len(set(findings)) or not findings:
        raise AcceptanceRefused("Choose at least one finding of this plan. Open the plan again.")
    return tuple(
        Acceptance.objects.get_or_create(
            project=project, environment=environment, **_mark(finding),
            defaults={"message": finding.message, "reason": said, "accepted_by": operator},
        )[0]
        for finding in chosen
    )  # fmt: skip


def acceptances_of(plan: Plan, findings: Sequence[Finding]) -> Mapping[int, Acceptance]:
    """Finding's key -> its acceptance."""
    known = {
        tuple(_mark(acceptance).values()): acceptance
        for acceptance in Acceptance.objects.filter(
            project=plan.project, environment=plan.environment, revision__in={f.revision for f in findings}
        ).select_related("accepted_by")
    }
    marks = {finding.pk: tuple(_mark(finding).values()) for finding in findings}
    return {key: known[mark] for key, mark in marks.items() if mark in known}


def finding_facts(plan: Plan, environment: Environment) -> FindingFacts:
    """What the gate judges; waits for nothing."""
    preview = PlanPreview.objects.filter(plan=plan).first()
    if preview is None:
        return FindingFacts(looked=False, error="", number=0, required=0, open=0)
    findings = list(preview.findings.all())
    accepted = acceptances_of(plan, findings)
    required = [finding for finding in findings if must_be_accepted(finding, environment)]
    return FindingFacts(
        looked=True,
        error=preview.error,
        number=len(findings),
        required=len(required),
        open=sum(finding.pk not in accepted for finding in required),
    )


def must_be_accepted(finding: Finding, environment: Environment) -> bool:
    """By `accept_findings` of the environment."""
    return Level(finding.level) in environment.accept_findings


def _mark(of: Finding | Acceptance) -> dict[str, str | int]:
    """What an acceptance is bound to."""
    return {
        "revision": of.revision,
        "action": of.action,
        "file_sha256": of.file_sha256,
        "rule": of.rule,
        "line": of.line,
        "statement_sha256": of.statement_sha256,
    }
