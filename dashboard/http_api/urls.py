"""Where the documents are, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from dashboard.http_api import comparisons, documents
from dashboard.http_api.drift import drift

app_name = "api"
urlpatterns = [
    path("status", documents.status, name="status"),
    path("projects/<slug:project>/status", documents.status, name="project_status"),
    path("projects/<slug:project>/history", documents.history, name="history"),
    path("projects/<slug:project>/compare", comparisons.compare, name="compare"),
    path("projects/<slug:project>/branches", comparisons.branches, name="branches"),
    path("projects/<slug:project>/environments/<slug:environment>/status", documents.status, name="environment_status"),
    path("projects/<slug:project>/environments/<slug:environment>/plan", documents.plan, name="plan"),
    path("projects/<slug:project>/environments/<slug:environment>/drift", drift, name="drift"),
]
