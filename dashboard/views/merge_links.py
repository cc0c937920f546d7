"""From a page that says "merge needed" to the page that makes the merge."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.usecases.read_status import ProjectStatus


def link_to_merge(project: ProjectStatus, heads: Sequence[str]) -> str:
    """With the heads filled in. Empty where they are not heads of the work tree, in which the file would be written."""
    if len(heads) < 2 or not set(heads) <= set(project.history.graph.heads):
        return ""
    query = urlencode([("kind", "merge"), *(("head", head) for head in heads)])
    return f"{reverse('new_revision', args=[project.project.name])}?{query}"
