"""Makes and stores a plan: what a run would do, in order, pinned by a fingerprint, and what would be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from dashboard import access
from dashboard.models import Plan
from dashboard.revisions.plan import Direction, PlanContent
from dashboard.sources.configuration import Environment
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.compose_plan import PlanRefused, compose_plan
from dashboard.usecases.examine_steps import Examination, examine_steps
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.read_status import latest_observation, reading_of


def plan_change(
    *,
    user: AbstractBaseUser | AnonymousUser,
    project: str,
    environment: str,
    direction: Direction = Direction.UPGRADE,
    targets: Sequence[str] = (),
) -> Plan:
    """Stores a plan from the latest observation; waits for no database. A worker counts what would be lost.

    `targets`: Alembic's notation; empty: the effective head, or the permanent heads; of a restore the backup's number.
    Raises PlanRefused, PermissionDenied, UnknownName.
    """
    from dashboard.usecases.request_rehearsal import begin_where_asked

    planner = access.require(user, access.PLAN)
    p, e = find_environment(project, environment)
    if direction not in e.allow:
        raise PlanRefused(
            f'{environment} does not allow {say(direction)}. Add "{direction}" to `allow` of the environment in '
            "dashboard.toml, if that is wanted."
        )
    reading = reading_of(latest_observation(project, environment))
    if reading is None:
        raise PlanRefused(f"{environment} has not been read yet. Read it first.")
    history = read_environment_history(p, e, verify=True)
    content = compose_plan(
        project=p, environment=e, reading=reading, direction=direction, requested=targets, history=history
    )
    is_restore = direction is Direction.RESTORE
    if not is_restore and not content.steps and sorted(content.current) == sorted(content.result):
        raise PlanRefused(_nothing_to_do(e, content))
    plan = _store(content, examine(history, content), planner)
    begin_where_asked(project, environment)
    return plan


def examine(history: ProjectHistory, content: PlanContent) -> Examination:
    """What the files of the plan's steps say; the plan was composed from the same history."""
    records = history.graph.records
    return examine_steps(project=history.project, steps=[(records[s.revision], s.action) for s in content.steps])


def say(direction: Direction) -> str:
    """`start fresh`, as people say it."""
    return direction.value.replace("_", " ")


def _nothing_to_do(environment: Environment, content: PlanContent) -> str:
    held = ", ".join(content.current) or "no revision"
    if content.direction is Direction.UPGRADE:
        return f"{environment.name} is up to date: it holds {held}; there is nothing to apply."
    return f"{environment.name} holds {held} already; there is nothing to {say(content.direction)}."


def _store(content: PlanContent, examination: Examination, planner: User) -> Plan:
    from dashboard.tasks import count_losses, preview

    with transaction.atomic():
        plan = Plan.objects.create(
            project=content.project,
            environment=content.environment,
            direction=content.direction,
            identity=content.identity,
            requested=list(content.requested),
            current=list(content.current),
            target=list(content.target),
            result=list(content.result),
            steps=[asdict(step) for step in content.steps],
            files=dict(content.files),
            pinned_settings=dict(content.settings),
            commit=content.commit,
            fingerprint=content.fingerprint,
            losses=[asdict(loss) for loss in examination.losses],
            cautions=[asdict(caution) for caution in examination.cautions],
            created_by=planner,
        )
        if content.direction is not Direction.RESTORE:
            preview.enqueue(plan.pk)
        if examination.losses or content.direction is Direction.RESTORE:
            count_losses.enqueue(plan.pk)
    return plan
