"""Marking a revision's file as reviewed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import REVIEW, permission
from dashboard.usecases.review_revision import ReviewRefused, review_revision
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project


@require_POST
@permission(REVIEW)
def review(request: PageRequest, project: str) -> HttpResponse:
    """`revision` and the `sha256` of the file as it was shown."""
    status = find_project(request, project)
    revision = request.POST.get("revision", "")
    try:
        review_revision(
            user=request.user,
            project=status.project,
            record=status.history.graph.records.get(revision),
            sha256=request.POST.get("sha256", ""),
        )
    except ReviewRefused as refusal:
        messages.error(request, f"It was not marked as reviewed. {refusal}")
    if revision not in status.history.graph.records:
        return redirect("history", project)
    return redirect("revision", project, revision)
