"""What every page shows of the projects: read once a request, for the page and its sidebar alike."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus, at_ref, read_statuses

_READ: WeakKeyDictionary[HttpRequest, tuple[ProjectStatus, ...]] = WeakKeyDictionary()


def statuses_of(request: HttpRequest) -> tuple[ProjectStatus, ...]:
    """Every project with its environments, in the order of dashboard.toml. Waits for no environment's database."""
    if request not in _READ:
        _READ[request] = read_statuses()
    return _READ[request]


def find_project(request: HttpRequest, project: str, *, ref: str | None = None) -> ProjectStatus:
    """The project of this name, else a 404 page that suggests the nearest. With `ref` raises RefRefused, as read_history."""
    try:
        configuration().project(project)
    except UnknownName as error:
        raise _not_found(error, reverse("history", args=[error.guess]) if error.guess else "") from None
    found = next(status for status in statuses_of(request) if status.project.name == project)
    return found if ref is None else at_ref(found, ref)


def find_environment(request: HttpRequest, project: str, environment: str) -> tuple[ProjectStatus, EnvironmentStatus]:
    """The environment with its project, else a 404 page that suggests the nearest."""
    found = find_project(request, project)
    try:
        found.project.environment(environment)
    except UnknownName as error:
        raise _not_found(error, reverse("environment", args=[project, error.guess]) if error.guess else "") from None
    return found, next(e for e in found.environments if e.environment.name == environment)


def _not_found(error: UnknownName, href: str) -> Http404:
    """`href`: the page of what was meant; empty where nothing is near."""
    return Http404(format_html('{} <a href="{}">Show {}</a>', error, href, error.guess) if href else str(error))
