"""Pages for what went wrong before or outside of a view."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django_htmx.http import reswap

from dashboard.sources.configuration import ConfigurationError

_PAGES = frozenset({"overview", "environment", "plan", "run", "backup", "proposal", "history", "audit"})
"""Names of addresses that show something: where a form was sent from stands above the address it was sent to."""


class ErrorPages:
    """Middleware: a dashboard.toml that broke while the dashboard runs is told, and a form's address is no blank page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content or not request.accepts("text/html"):
            return response
        page = render(request, "405.html", {"nearest": find_page_above(request.path)}, status=405)
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """To a page as a whole; to one that is brought up to date as a banner above what it shows."""
        if not isinstance(exception, ConfigurationError) or not request.user.is_authenticated:
            return None
        context = {"problems": exception.problems, "path": exception.path}
        if not getattr(request, "htmx", False):
            return render(request, "misconfigured.html", context, status=500)
        if request.GET.get("part") == "configuration":
            return HttpResponse(status=204)
        return reswap(render(request, "_broken_banner.html", context | {"is_oob": True}), "none")


def find_page_above(path: str) -> str:
    """The nearest address above that shows something. Somebody comes to a form's own by logging in again in between."""
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            if resolve(path).url_name in _PAGES:
                return path
        except Resolver404:
            continue
    return "/"
