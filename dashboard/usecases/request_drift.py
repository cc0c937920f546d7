"""Comparisons of schemas: asked for by a person, or due by `drift.every` of an environment."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import access
from dashboard.models import DriftCheck, Run
from dashboard.revisions.status import State
from dashboard.sources.configuration import Environment
from dashboard.usecases.catalogue import configuration, find_environment
from dashboard.usecases.check_drift import check_drift_now
from dashboard.usecases.read_status import EnvironmentStatus, read_statuses
from dashboard.usecases.request_rehearsal import has_place

Kind = DriftCheck.Kind


class DriftCheckRefused(Exception):
    """Nothing was begun; the message says why and what to do."""


def request_drift_checks(
    *, user: AbstractBaseUser | AnonymousUser, project: str, environment: str
) -> tuple[DriftCheck, ...]:
    """Queues both kinds and returns at once. Raises DriftCheckRefused, PermissionDenied, UnknownName."""
    person = access.require(user, access.PLAN)
    find_environment(project, environment)
    if Run.objects.filter(project=project, environment=environment, phase__in=Run.LIVE).exists():
        raise DriftCheckRefused("A run is under way, and what it changes is no drift. Check once it has settled.")
    queued = _queue(project, environment, Kind, person)
    if not queued:
        raise DriftCheckRefused("The schema is being compared already. Wait until that is done.")
    return queued


def compare_now(*, project: str, environment: str, kinds: Iterable[DriftCheck.Kind]) -> None:
    """In this process and its main thread, one after the other; their rows tell what became of them.

    Raises DriftCheckRefused where one is under way already.
    """
    for kind in kinds:
        check = _create(project, environment, kind, None)
        if check is None:
            raise DriftCheckRefused("The schema is being compared already. Wait until that is done.")
        check_drift_now(check_id=check.pk)


def queue_due_checks() -> int:
    """In the observer: where `drift.every` has passed since the last one. Returns how many were queued.

    One environment at a time, so that a worker is left for runs however long a replay takes.
    """
    if DriftCheck.objects.filter(state__in=DriftCheck.LIVE).exists():
        return 0
    for project in configuration().projects.values():
        due = [(e, kind) for e in project.environments.values() if e.drift.every for kind in Kind if _is_due(e, kind)]
        if not due:
            continue
        (status,) = read_statuses(project=project.name)
        for found in status.environments:
            kinds = [kind for e, kind in due if e.name == found.environment.name and _is_possible(found, kind)]
            if kinds:
                return len(_queue(project.name, found.environment.name, kinds, None))
    return 0


def _is_due(environment: Environment, kind: Kind) -> bool:
    last = DriftCheck.objects.filter(project=environment.project, environment=environment.name, kind=kind).first()
    every = environment.drift.every
    return every is not None and (last is None or timezone.now() - last.requested_at >= every)


def _is_possible(status: EnvironmentStatus, kind: Kind) -> bool:
    """What cannot be done is not tried by itself: it would fail in the same way every time."""
    if status.active_run is not None:
        return False
    if kind is Kind.MODELS:
        return status.status.state is State.CURRENT
    return status.status.state in {State.CURRENT, State.PENDING} and has_place(status.environment)


def _queue(project: str, environment: str, kinds: Iterable[Kind], person: User | None) -> tuple[DriftCheck, ...]:
    """As one piece of work; those that are queued or under way already are left out."""
    from dashboard.tasks import check_drift

    with transaction.atomic():
        queued = [check for kind in kinds if (check := _create(project, environment, kind, person))]
        if queued:
            check_drift.enqueue([check.pk for check in queued])
    return tuple(queued)


def _create(project: str, environment: str, kind: Kind, person: User | None) -> DriftCheck | None:
    """None where one is queued or under way."""
    try:
        with transaction.atomic():
            return DriftCheck.objects.create(project=project, environment=environment, kind=kind, requested_by=person)
    except IntegrityError:
        return None
