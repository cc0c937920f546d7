"""/api/v1/projects/PROJECT/compare and .../branches: the documents that the commands print."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard import access
from dashboard.http_api.problems import problem
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.branches_document import branches_document
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.compare import SideRefused, SideUnread
from dashboard.usecases.compare import compare as compare_sides
from dashboard.usecases.comparison_document import comparison_document
from dashboard.usecases.read_branches import read_branches


@require_safe
@access.permission(access.COMPARE)
def compare(request: HttpRequest, project: str) -> JsonResponse:
    """As `manage.py compare`, from the latest observations; `?left=` and `?right=` are the sides."""
    try:
        found = configuration().project(project)
        left, right = request.GET.get("left", ""), request.GET.get("right", "")
        return JsonResponse(comparison_document(compare_sides(project=found, left=left, right=right)))
    except UnknownName as error:
        return problem(404, error)
    except SideRefused as error:
        return problem(409 if isinstance(error, SideUnread) else 400, error)


@require_safe
@access.permission(access.COMPARE)
def branches(request: HttpRequest, project: str) -> JsonResponse:
    """As `manage.py branches`; `?onto=` names what they would be merged into."""
    try:
        found = configuration().project(project)
        return JsonResponse(branches_document(found, read_branches(project=found, onto=request.GET.get("onto", ""))))
    except UnknownName as error:
        return problem(404, error)
    except SideRefused as error:
        return problem(400, error)
