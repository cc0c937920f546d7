"""Pages for what went wrong before or outside of a view."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from dashboard.sources.configuration import ConfigurationError


def server_error(request: HttpRequest) -> HttpResponse:
    """A dashboard.toml that was broken while the dashboard runs is told with its mend; anything else is a plain 500."""
    error = sys.exc_info()[1]
    if isinstance(error, ConfigurationError) and request.user.is_authenticated:
        return render(request, "misconfigured.html", {"problems": error.problems}, status=500)
    return defaults.server_error(request)
