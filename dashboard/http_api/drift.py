"""/api/v1/.../drift: what the latest comparisons of an environment's schema found."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard import access
from dashboard.http_api.problems import problem
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.drift_document import drift_document
from dashboard.usecases.read_status import read_statuses


@require_safe
@access.permission(access.SEE)
def drift(request: HttpRequest, project: str, environment: str) -> JsonResponse:
    """As `manage.py drift`, of what is stored: nothing is compared for it."""
    try:
        (found,) = read_statuses(project=project, environment=environment)
    except UnknownName as error:
        return problem(404, error)
    return JsonResponse(drift_document(project, environment, found.environments[0].drift))
