"""Turns a person's typed confirmation into one queued run. The only place where a run is created."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from dashboard import access
from dashboard.models import Backup, Confirmation, Plan, Run, RunStep
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.gather_gate import read_gate
from dashboard.usecases.review_plan import TICKET_SALT


class ConfirmationRefused(Exception):
    """No run was started. `reasons`: sentences, each with what to do."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class AlreadyConfirmed(ConfirmationRefused):
    """No second run was started: `run` is of this very plan, and is live or has succeeded."""

    def __init__(self, plan: Plan, run: Run) -> None:
        super().__init__(f"Plan {plan.pk} was confirmed already: run {run.pk}.")
        self.run = run


def confirm_plan(
    *,
    user: AbstractBaseUser | AnonymousUser,
    token: str,
    typed: str,
    project: str | None = None,
    environment: str | None = None,
) -> Run:
    """Records the confirmation and queues its run, in one transaction. Raises ConfirmationRefused, of which
    AlreadyConfirmed is one, and PermissionDenied.

    `token` is of the page that the user looked at: it names the plan and the backup that they saw. `project` and
    `environment`, where given, are what the form was sent for, and must be the plan's.
    """
    operator = access.require(user, access.CONFIRM)
    ticket = _open_ticket(token, operator.pk)
    plan = Plan.objects.filter(pk=ticket["plan"]).first()
    backup = Backup.objects.filter(pk=ticket["backup"]).first()
    if plan is None or backup is None:
        raise ConfirmationRefused("The plan or its backup is gone. Make a new plan.")
    if (project or plan.project, environment or plan.environment) != (plan.project, plan.environment):
        raise ConfirmationRefused("The confirmation is for another environment's plan. Open the plan again.")
    if typed.strip() != plan.environment:
        raise ConfirmationRefused(f"The name typed is not {plan.environment}. Type it exactly to confirm.")
    closed = [c for c in read_gate(plan=plan, backup=backup).conditions if not c.met]
    if closed:
        _refuse_a_second_run(plan)
        raise ConfirmationRefused(*(f"{condition.words} {condition.mend}" for condition in closed))
    return _create_run(plan, backup, operator, ticket["nonce"], typed.strip())


def _open_ticket(token: str, user_id: int | None) -> dict[str, Any]:
    try:
        ticket = signing.loads(token, salt=TICKET_SALT, max_age=settings.DASHBOARD_CONFIRMATION_SECONDS)
    except signing.SignatureExpired:
        raise ConfirmationRefused(
            "The page was open for more than 15 minutes. Look at the plan again, then confirm."
        ) from None
    except signing.BadSignature:
        raise ConfirmationRefused("The confirmation is not of a page of this dashboard. Open the plan again.") from None
    if ticket["user"] != user_id:
        raise ConfirmationRefused("The confirmation was prepared for somebody else. Open the plan yourself.")
    return dict(ticket)


def _create_run(plan: Plan, backup: Backup, user: User, nonce: str, typed: str) -> Run:
    from dashboard.tasks import execute

    now = timezone.now()
    try:
        with transaction.atomic():
            confirmation = Confirmation.objects.create(
                plan=plan,
                backup=backup,
                confirmed_by=user,
                nonce=nonce,
                typed=typed,
                fingerprint=plan.fingerprint,
                backup_sha256=backup.sha256,
                created_at=now,
                expires_at=now + timedelta(seconds=settings.DASHBOARD_CONFIRMATION_SECONDS),
            )
            run = Run.objects.create(project=plan.project, environment=plan.environment, confirmation=confirmation)
            RunStep.objects.bulk_create(
                RunStep(run=run, position=position, revision=step.revision, action=step.action, message=step.message)
                for position, step in enumerate(content_of(plan).steps, start=1)
            )
            execute.enqueue(run.pk)
    except IntegrityError:
        _refuse_a_second_run(plan)
        if Confirmation.objects.filter(nonce=nonce).exists():
            raise ConfirmationRefused("This confirmation was used already. Look at the plan again.") from None
        raise ConfirmationRefused(
            f"Another run on {plan.environment} started first. Wait until it has settled."
        ) from None
    return run


def _refuse_a_second_run(plan: Plan) -> None:
    """Two people, or one in two tabs, confirm the same: the later is told of the run, not of what it brought about."""
    runs = Run.objects.filter(confirmation__plan=plan)
    found = runs.filter(Q(phase__in=Run.LIVE) | Q(outcome=Run.Outcome.SUCCEEDED)).order_by("-pk").first()
    if found is not None:
        raise AlreadyConfirmed(plan, found) from None
