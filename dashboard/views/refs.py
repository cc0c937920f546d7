"""The answer to a git ref that is not read."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.usecases.read_history import RefRefused
from dashboard.views.requests import PageRequest


def refuse_ref(request: PageRequest, project: str, error: RefRefused) -> HttpResponse:
    """A page that says why, with status 400."""
    return render(request, "ref_refused.html", {"project": project, "message": str(error)}, status=400)
