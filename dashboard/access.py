"""Who may do what: three roles as groups, and how a view asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser, User

SEE = "dashboard.see_dashboard"
COMPARE = "dashboard.compare_heads"
PLAN = "dashboard.create_plan"
BACK_UP = "dashboard.take_backup"
CONFIRM = "dashboard.confirm_run"
REVIEW = "dashboard.review_revision"
CREATE = "dashboard.create_revision"

ROLES: dict[str, tuple[str, ...]] = {
    "lead": (SEE, COMPARE),
    "developer": (SEE, COMPARE, PLAN, REVIEW, CREATE),
    "operator": (SEE, COMPARE, PLAN, REVIEW, CREATE, BACK_UP, CONFIRM),
}
"""A lead sees (and may compare: that changes nothing); a developer also plans, reviews and creates revisions; an operator also acts."""

_READ_ONLY_ADMIN = (
    "observation",
    "plan",
    "backup",
    "proof",
    "rehearsal",
    "rehearsedrevision",
    "rehearsaloverride",
    "driftcheck",
    "confirmation",
    "run",
    "runstep",
    "runlogline",
    "intervention",
    "planpreview",
    "finding",
    "revisionsql",
    "acceptance",
    "appliedfile",
    "review",
    "replacement",
    "revisionproposal",
)

View = Callable[..., HttpResponse]


def permission(name: str) -> Callable[[View], View]:
    """A signed-in user with `name` may call the view; without it 403, signed out the login page."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            require(request.user, name)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def require(user: AbstractBaseUser | AnonymousUser, name: str) -> User:
    """The signed-in user, where they have `name`; else PermissionDenied. Use-cases ask again, whoever calls them."""
    known = cast("User", user)
    if not known.is_authenticated or not known.has_perm(name):
        *others, last = (role for role, names in ROLES.items() if name in names)
        roles = f"{', '.join(others)} or {last}" if others else last
        raise PermissionDenied(f"This needs the role {roles}. Ask an admin for it.")
    return known


class LoginMiddleware:
    """A session that ended leads back to the page on which somebody was.

    During an htmx call it sends the whole page to the login, not a fragment of it. What was posted was not done, and its
    address cannot be opened: the login leads to the page that holds the form, which says so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_login = response.status_code == 302 and response.headers["Location"].startswith(f"{reverse('login')}?next=")
        is_htmx = bool(getattr(request, "htmx", False))
        if not is_login or not (is_htmx or request.method == "POST"):
            return response
        from django.contrib import messages
        from django.contrib.auth.views import redirect_to_login

        if request.method == "POST":
            messages.warning(
                request, "You had been logged out, so nothing was done. Look at the page again, then repeat it."
            )
        current = request.htmx.current_url_abs_path if is_htmx else _path_of_referer(request)  # type: ignore[attr-defined]
        login = redirect_to_login(current or "/").url
        return HttpResponseClientRedirect(login) if is_htmx else HttpResponseRedirect(login)


def _path_of_referer(request: HttpRequest) -> str:
    """The page that a form was sent from; empty where it was another host's or is not told."""
    referer = urlsplit(request.headers.get("Referer", ""))
    return urlunsplit(("", "", referer.path, referer.query, "")) if referer.netloc == request.get_host() else ""


def create_role_groups(**_: Any) -> None:
    """Makes the groups and gives each exactly its own permissions of ours (others' are left alone)."""
    from django.contrib.auth.models import Group, Permission

    ours = {f"dashboard.{p.codename}": p for p in Permission.objects.filter(content_type__app_label="dashboard")}
    custom = {name for names in ROLES.values() for name in names}
    if not custom <= ours.keys():
        return  # permissions come with the last post_migrate receiver; another call follows
    for role, names in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        wanted = {*names, *(f"dashboard.view_{model}" for model in _READ_ONLY_ADMIN)}
        group.permissions.remove(*(p for name, p in ours.items() if name not in wanted))
        group.permissions.add(*(ours[name] for name in wanted if name in ours))
