"""The sidebar, and what else every page of ours carries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from dashboard.access import SEE
from dashboard.models import Run
from dashboard.revisions.status import State
from dashboard.sources.configuration import ConfigurationError
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.badges import WORST_FIRST, Badge, badge_of_status
from dashboard.views.drift import mark_drift
from dashboard.views.statuses import statuses_of

FOLDED_FROM = 13
"""A project with so many environments shows only those that are not current, and a link to all."""
UNFOLDED = 30
"""With more environments in all, a project that the page is not about is one line and its worst state."""


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the sidebar. `count` stands beside the badge's glyph, `drift` before both."""

    name: str
    href: str
    badge: Badge | None = None
    count: str = ""
    here: bool = False
    drift: Badge | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of links."""

    name: str
    href: str
    links: tuple[Link, ...]

    @property
    def here(self) -> bool:
        """Whether the page at hand is one of its links."""
        return any(link.here for link in self.links)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. The sidebar is built only where a template shows it, so the admin's pages cost nothing."""
    user = getattr(request, "user", None)
    shown = bool(user and user.is_authenticated and user.has_perm(SEE))
    return {
        "is_nav_sidebar_enabled": shown,
        "sections": SimpleLazyObject(lambda: list_sections(request)) if shown else (),
        "is_demo": settings.DASHBOARD_DEMO,
        "site_title": "Alembic Dashboard",
    }


def list_sections(request: HttpRequest) -> tuple[Section, ...]:
    """Ours first, then one section a project. Without a readable dashboard.toml only ours."""
    try:
        statuses = statuses_of(request)
    except ConfigurationError:
        statuses = ()
    here = request.path
    is_long = sum(len(status.environments) for status in statuses) > UNFOLDED
    projects = (
        _project_section(status, here, is_folded=is_long and not _is_about(status, here)) for status in statuses
    )
    return (_dashboard_section(request, statuses, here), *projects)


def _is_about(status: ProjectStatus, here: str) -> bool:
    return here.startswith(reverse("history", args=[status.project.name]).removesuffix("history/"))


def _dashboard_section(request: HttpRequest, statuses: tuple[ProjectStatus, ...], here: str) -> Section:
    total = sum(len(status.environments) for status in statuses)
    live = sum(e.active_run is not None for status in statuses for e in status.environments)
    running = Badge("running", f"{live} live") if live else None
    links = [
        _link("Environments", reverse("overview"), here, count=str(total or "")),
        _link("Runs", reverse("runs"), here, running, str(live) if live else "", below=True),
        _link("Backups", reverse("backups"), here),
        _link("Audit log", reverse("audit"), here),
        _link("Help", reverse("help"), here),
    ]
    if getattr(request.user, "is_staff", False):
        links.append(Link("Admin", reverse("admin:index")))
    return Section("Dashboard", reverse("overview"), tuple(links))


def _project_section(status: ProjectStatus, here: str, *, is_folded: bool) -> Section:
    name = status.project.name
    history = reverse("history", args=[name])
    at_revision = here.startswith(history.removesuffix("history/") + "revisions/")
    links = [Link("History", history, here=here == history or at_revision)]
    links.append(_link("Compare heads", reverse("compare", args=[name]), here))
    if status.project.git:
        links.append(_link("Branches", reverse("branches", args=[name]), here))
    shown = list(status.environments)
    overview = f"{reverse('overview')}?project={name}"
    if (is_folded and len(shown) > 1) or len(shown) >= FOLDED_FROM:
        busy = [e for e in shown if e.status.state is not State.CURRENT or e.active_run is not None]
        worst = min(status.environments, key=_severity, default=None)
        badge = badge_of_status(worst.status) if worst and is_folded else None
        as_bad = sum(e.status.state is worst.status.state for e in busy) if worst and is_folded else 0
        count = str(as_bad or "")
        links.append(Link(f"All {len(shown)} environments", overview, badge, count))
        at_hand = [e for e in shown if here.startswith(_href(name, e))] if _is_about(status, here) else []
        worst_first = [] if is_folded else sorted(busy, key=_severity)[:FOLDED_FROM]
        shown = [e for e in shown if any(e is other for other in (*worst_first, *at_hand))]
    links.extend(_environment_link(name, e, here) for e in shown)
    hidden = len(status.environments) - len(shown)
    if hidden and not is_folded:
        links.append(Link(f"{hidden} more", overview))
    return Section(status.project.title, history, tuple(links))


def _severity(status: EnvironmentStatus) -> int:
    return WORST_FIRST.index(status.status.state)


def _environment_link(project: str, status: EnvironmentStatus, here: str) -> Link:
    href = _href(project, status)
    badge = badge_of_status(status.status)
    pending = len(status.status.pending) if status.status.state is State.PENDING else 0
    if status.active_run is not None and status.active_run.phase == Run.Phase.RUNNING:
        # Beside this glyph a number would count runs.
        badge, pending = Badge("running", f"run {status.active_run.pk} is running"), 0
    link = _link(status.environment.name, href, here, badge, str(pending) if pending else "", below=True)
    return replace(link, drift=mark_drift(status))


def _href(project: str, status: EnvironmentStatus) -> str:
    return reverse("environment", args=[project, status.environment.name])


def _link(name: str, href: str, here: str, badge: Badge | None = None, count: str = "", *, below: bool = False) -> Link:
    """`below`: pages under the link's own address belong to it as well."""
    return Link(name, href, badge, count, here == href or (below and here.startswith(href)))
