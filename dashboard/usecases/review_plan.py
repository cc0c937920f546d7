"""What the plan page shows: the gate as it is now, and the ticket for one confirmation when it is open."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core import signing

from dashboard import access
from dashboard.gate.condition import Condition
from dashboard.gate.conditions import is_open
from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction
from dashboard.usecases.compose_restore import backup_of
from dashboard.usecases.gather_gate import read_gate

TICKET_SALT = "dashboard.confirmation"


@dataclass(frozen=True)
class PlanReview:
    """A plan, its gate now, and who may go on."""

    plan: Plan
    superseded: str
    """Why the plan is out of date; empty: it is current."""
    conditions: tuple[Condition, ...]
    backup: Backup | None
    """The newest one that is not failed or deleted; of a restore the one that is restored."""
    may_confirm: bool
    token: str
    """For the confirmation form; empty unless the gate is open and the user may confirm."""


def review_plan(*, plan: Plan, user: AbstractBaseUser | AnonymousUser) -> PlanReview:
    """Judges the gate from what is known; waits for no database."""
    is_restore = plan.direction == Direction.RESTORE
    backup = backup_of(plan) if is_restore else newest_backup(plan.project, plan.environment)
    gate = read_gate(plan=plan, backup=backup)
    may_confirm = cast("User", user).has_perm(access.CONFIRM)
    token = ""
    if may_confirm and user.pk is not None and backup is not None and is_open(gate.conditions):
        token = issue_ticket(user_id=user.pk, plan_id=plan.pk, backup_id=backup.pk)
    return PlanReview(plan, gate.superseded, gate.conditions, backup, may_confirm, token)


def newest_backup(project: str, environment: str) -> Backup | None:
    """The newest one that is being taken or good; else the newest that failed, so that its error is seen."""
    backups = Backup.objects.filter(project=project, environment=environment)
    hopeful = backups.filter(state__in=[Backup.State.PREPARING, Backup.State.PROVEN])
    return hopeful.order_by("-pk").first() or backups.order_by("-pk").first()


def issue_ticket(*, user_id: int, plan_id: int, backup_id: int) -> str:
    """Names user, plan and backup, and a nonce that can be confirmed once. Signed, with its time."""
    return signing.dumps(
        {"user": user_id, "plan": plan_id, "backup": backup_id, "nonce": secrets.token_hex(16)}, salt=TICKET_SALT
    )
