"""The icon that every browser asks for, on the stock admin's pages too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Sends /favicon.ico to the static file. Needs no login: the login page has an icon as well."""
    return redirect(static("icon.svg"))
