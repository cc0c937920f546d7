"""/api/v1/: the documents that `--json` prints, for a signed-in reader. Reads only; waits for no database."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard import access
from dashboard.http_api.problems import problem
from dashboard.models import Plan
from dashboard.revisions.plan import Direction, PlanContent
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import configuration, find_environment
from dashboard.usecases.compose_plan import PlanRefused, compose_plan
from dashboard.usecases.documents import history_document, plan_document, status_document
from dashboard.usecases.plan_change import examine
from dashboard.usecases.preview_plan import SqlReading, stored_sql
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import RefRefused, read_history
from dashboard.usecases.read_status import latest_observation, read_statuses, reading_of


@require_safe
@access.permission(access.SEE)
def status(request: HttpRequest, project: str | None = None, environment: str | None = None) -> JsonResponse:
    """As `manage.py status`."""
    try:
        return JsonResponse(status_document(read_statuses(project=project, environment=environment)))
    except UnknownName as error:
        return problem(404, error)


@require_safe
@access.permission(access.SEE)
def history(request: HttpRequest, project: str) -> JsonResponse:
    """As `manage.py history`; `?ref=` reads a branch, tag or commit."""
    try:
        found = read_history(configuration().project(project), ref=request.GET.get("ref"))
    except UnknownName as error:
        return problem(404, error)
    except RefRefused as error:
        return problem(400, error)
    return JsonResponse(history_document(found, ref=found.ref))


@require_safe
@access.permission(access.SEE)
def plan(request: HttpRequest, project: str, environment: str) -> JsonResponse:
    """As `manage.py plan`, from the latest observation; `?target=` may repeat, `?direction=` is one of `allow`.

    `findings`, and with `?sql` also `sql`, are of the same plan as somebody made it before; null while there is none.
    """
    try:
        p, e = find_environment(project, environment)
        observation = latest_observation(project, environment)
        reading = reading_of(observation)
        if observation is None or reading is None:
            raise PlanRefused(f"{environment} has not been read yet.")
        direction, history = _direction(request), read_environment_history(p, e)
        content = compose_plan(
            project=p,
            environment=e,
            reading=reading,
            direction=direction,
            requested=request.GET.getlist("target"),
            history=history,
        )
    except UnknownName as error:
        return problem(404, error)
    except PlanRefused as error:
        return problem(409, error)
    examination = examine(history, content)
    return JsonResponse(
        plan_document(
            content,
            examination,
            observed_at=observation.observed_at,
            reading=_known_sql(content),
            with_sql="sql" in request.GET,
        )
    )


def _known_sql(content: PlanContent) -> SqlReading | None:
    """Of the same plan, where somebody made it and a worker wrote its SQL: a page never starts a child."""
    made = Plan.objects.filter(
        project=content.project, environment=content.environment, fingerprint=content.fingerprint
    ).last()
    return stored_sql(made) if made else None


def _direction(request: HttpRequest) -> Direction:
    named = request.GET.get("direction", Direction.UPGRADE)
    try:
        return Direction(named)
    except ValueError:
        raise PlanRefused(f"There is no direction {named!r}. Name one of {', '.join(Direction)}.") from None
