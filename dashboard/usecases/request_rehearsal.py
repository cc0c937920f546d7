"""Rehearsals: asked for by an operator, or begun by themselves where an environment asks for them."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction

from dashboard import access
from dashboard.models import Backup, Plan, Rehearsal, Run
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import Environment, NotConfigured
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.find_plan import latest_plan
from dashboard.usecases.read_rehearsals import rehearsals_of
from dashboard.usecases.review_plan import newest_backup
from dashboard.usecases.scratch_places import find_place

MOST_BY_THEMSELVES = 3
"""Time varies from one to the next, so that one number would promise too much."""
ALL_WITHIN = timedelta(minutes=1)
"""They are repeated by themselves while all of them, with their restores, are expected to stay below."""


class RehearsalRefused(Exception):
    """No rehearsal was begun; the message says why and what to do."""


def request_rehearsal(*, user: AbstractBaseUser | AnonymousUser, project: str, environment: str) -> Rehearsal:
    """Queues one of the latest plan on the newest backup, and returns at once. Raises RehearsalRefused, PermissionDenied."""
    operator = access.require(user, access.BACK_UP)
    _project, found = find_environment(project, environment)
    plan, backup = latest_plan(project, environment), newest_backup(project, environment)
    if plan is None:
        raise RehearsalRefused("There is no plan yet. Make one.")
    if reason := why_not(plan, backup, found):
        raise RehearsalRefused(reason)
    assert backup is not None, "there is no reason against it"
    rehearsal = _queue(plan, backup, operator)
    if rehearsal is None:
        raise RehearsalRefused("The plan is being rehearsed already. Wait until that is done.")
    return rehearsal


def begin_where_asked(project: str, environment: str) -> Rehearsal | None:
    """Queues the first rehearsal where the environment asks for it and plan and backup are there; None: nothing to do."""
    _project, found = find_environment(project, environment)
    plan, backup = latest_plan(project, environment), newest_backup(project, environment)
    if found.rehearsal is None or plan is None or backup is None or rehearsals_of(plan, backup):
        return None
    if Run.objects.filter(confirmation__plan=plan).exists() or why_not(plan, backup, found):
        return None
    return _queue(plan, backup, None)


def repeat_where_cheap(rehearsal: Rehearsal) -> Rehearsal | None:
    """After one that came to its end: another one, so that its duration is told as a range; None: it is enough."""
    others = rehearsals_of(rehearsal.plan, rehearsal.backup)
    ended = [r for r in others if r.started_at and r.finished_at]
    took = [r.finished_at - r.started_at for r in ended if r.started_at and r.finished_at]
    if any(r.state != Rehearsal.State.PASSED for r in others) or len(others) >= MOST_BY_THEMSELVES:
        return None
    if sum(took, timedelta()) + max(took, default=timedelta()) > ALL_WITHIN:
        return None
    return _queue(rehearsal.plan, rehearsal.backup, None)


def why_not(plan: Plan, backup: Backup | None, environment: Environment) -> str:
    """Why the plan cannot be rehearsed on the backup, and what to do; empty: it can."""
    if not Direction(plan.direction).runs_revisions:
        return f"A {plan.direction} runs no revision, so that there is nothing to rehearse."
    if backup is not None and backup.state == Backup.State.PREPARING:
        return f"Backup {backup.pk} is being taken. The rehearsal can start once it is proven."
    if backup is None or backup.state != Backup.State.PROVEN:
        return "There is no proven backup to rehearse on. Take one first."
    if backup.method != Backup.Method.DUMP:
        return "A plan can only be rehearsed on a backup that the dashboard took. Take one."
    if backup.identity != plan.identity or sorted(backup.rows) != sorted(plan.current):
        return "The newest backup is of another database or revision than the plan starts from. Take a new one."
    if not has_place(environment):
        return "There is no scratch server: set `scratch` of the environment in dashboard.toml."
    return ""


def has_place(environment: Environment) -> bool:
    """Whether a copy could be put somewhere, as far as the configuration tells."""
    try:
        place = find_place(environment)
    except NotConfigured:
        return False
    return place.server is not None or place.folder is not None


def _queue(plan: Plan, backup: Backup, operator: User | None) -> Rehearsal | None:
    """None where one is queued or under way."""
    from dashboard.tasks import rehearse

    try:
        with transaction.atomic():
            rehearsal = Rehearsal.objects.create(
                plan=plan, backup=backup, fingerprint=plan.fingerprint, requested_by=operator
            )
            rehearse.enqueue(rehearsal.pk)
    except IntegrityError:
        return None
    return rehearsal
