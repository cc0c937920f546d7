"""The request as our middleware leaves it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict
from django_htmx.middleware import HtmxDetails

LONGEST_SEARCH = 200
"""Characters of a search; what is beyond is cut, as the field itself would."""


class PageRequest(HttpRequest):
    """A request of a signed-in user, with what django-htmx found out about it."""

    htmx: HtmxDetails
    user: User


def read_search(query: QueryDict) -> str:
    """`?q=`, without blanks around it, and cut."""
    return query.get("q", "").strip()[:LONGEST_SEARCH]


def wants_part(request: PageRequest, part: str) -> bool:
    """htmx asks for one named part of the page. The same address without htmx gives the whole page."""
    return bool(request.htmx) and request.GET.get("part") == part


def is_unchanged(request: PageRequest, version: str) -> bool:
    """htmx asks for a part again, and has what is there now: `?seen=` is the version of what it shows."""
    return bool(request.htmx) and "part" in request.GET and request.GET.get("seen") == version
