"""Every environment at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh, replace_url

from dashboard.access import SEE, permission
from dashboard.revisions.status import State
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.overview_version import next_stale_at, overview_version
from dashboard.usecases.read_status import ProjectStatus
from dashboard.views.attention import Item, list_attention
from dashboard.views.badges import STATE_TONES, WORST_FIRST
from dashboard.views.cells import Cell, make_cell
from dashboard.views.overview_filter import Count, Filter, count_cells, read_filter
from dashboard.views.requests import PageRequest, wants_part
from dashboard.views.statuses import statuses_of

COLUMNS_OF_A_MATRIX = 6
"""More environment names than this do not fit side by side: tiles."""
NAMED_TILES = 13
"""From so many environments on, a project's tiles are glyphs only, but for those of the promotion order."""
ROWS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One project; `cells` follow the matrix's columns, None where the project has no such environment."""

    status: ProjectStatus
    cells: tuple[Cell | None, ...]

    @property
    def environments(self) -> tuple[Cell, ...]:
        """Those that exist, in the order of dashboard.toml."""
        return tuple(cell for cell in self.cells if cell is not None)

    @property
    def named(self) -> tuple[Cell, ...]:
        """Those whose tiles carry their name: all of few, of many the ones that require another or are required."""
        cells = self.environments
        if len(cells) < NAMED_TILES:
            return cells
        required = {name for e in self.status.environments for name in e.environment.requires}
        requiring = {e.environment.name for e in self.status.environments if e.environment.requires}
        return tuple(cell for cell in cells if cell.name in required | requiring)

    @property
    def unnamed(self) -> tuple[Cell, ...]:
        """The others."""
        named = {cell.name for cell in self.named}
        return tuple(cell for cell in self.environments if cell.name not in named)


@dataclass(frozen=True, slots=True)
class Column:
    """Environments of one name; `leads_on` where one of the next column requires one of these."""

    name: str
    leads_on: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    projects: tuple[tuple[str, str], ...]
    """Name and title of all, also of those that the filter hides."""
    counts: tuple[Count, ...]
    attention: tuple[Item, ...]
    total: int
    oldest: datetime | None
    listed: tuple[Cell, ...]
    """Those that the filter leaves, or, beside tiles, those that are not current."""
    hidden: int
    """How many more would be listed."""
    filter: Filter
    is_dense: bool
    fits_a_matrix: bool
    refresh_seconds: int

    @property
    def project_title(self) -> str:
        """Of the project that the filter leaves; empty: all are shown."""
        return dict(self.projects).get(self.filter.project, "")


@require_safe
@permission(SEE)
def overview(request: PageRequest) -> HttpResponse:
    """The matrix, or with `?state=` or `?q=` the list of what matches. `?seen=`: what a poll has; unchanged, 204."""
    if wants_part(request, "observe"):
        return render(request, "_observe_form.html")
    if wants_part(request, "configuration"):
        configuration()  # while it cannot be used, ErrorPages answers
        is_page_of_its_own = request.htmx.trigger == "misconfigured"
        return HttpResponseClientRefresh() if is_page_of_its_own else render(request, "_broken_banner.html")
    is_part = wants_part(request, "matrix")
    version = overview_version()
    if is_part and _is_unchanged(request.GET.get("seen", ""), version):
        return HttpResponse(status=204)
    statuses = statuses_of(request)
    chosen = read_filter(request.GET, configuration().projects)
    stale_at = next_stale_at(statuses)
    context = {
        "overview": build_overview(statuses, chosen),
        "stamp": f"{version}-{int(stale_at.timestamp()) if stale_at else ''}",
    }
    if is_part:
        # The address bar follows the filter, so that a reload shows the same.
        return replace_url(render(request, "_overview_live.html", context), chosen.href)
    return render(request, "overview.html", context)


def _is_unchanged(seen: str, version: str) -> bool:
    """`seen` is the stamp of what is shown: the version, and the second at which time alone changes it."""
    shown, _, stale_at = seen.partition("-")
    if shown != version:
        return False
    return not stale_at.isdecimal() or timezone.now().timestamp() <= int(stale_at)


def build_overview(statuses: Iterable[ProjectStatus], chosen: Filter) -> Overview:
    """Touches no database."""
    statuses = tuple(statuses)
    projects = tuple((status.project.name, status.project.title) for status in statuses)
    if chosen.project:
        statuses = tuple(status for status in statuses if status.project.name == chosen.project)
    columns = tuple(dict.fromkeys(name for status in statuses for name in status.project.environments))
    rows = tuple(_make_row(status, columns) for status in statuses)
    cells = tuple(cell for row in rows for cell in row.environments)
    fits_a_matrix = len(columns) <= COLUMNS_OF_A_MATRIX
    is_dense = chosen.density == "tiles" or not fits_a_matrix
    listed = _list(cells, chosen, is_dense)
    limit = len(listed) if chosen.is_list else ROWS
    return Overview(
        rows=rows,
        columns=_name_columns(columns, statuses),
        projects=projects,
        counts=count_cells(cells, chosen),
        attention=list_attention(statuses),
        total=len(cells),
        oldest=min((cell.observed_at for cell in cells if cell.observed_at), default=None),
        listed=listed[:limit],
        hidden=max(0, len(listed) - limit),
        filter=chosen,
        is_dense=is_dense,
        fits_a_matrix=fits_a_matrix,
        refresh_seconds=settings.DASHBOARD_REFRESH_SECONDS,
    )


def _make_row(status: ProjectStatus, columns: Sequence[str]) -> Row:
    by_name = {e.environment.name: make_cell(status, e) for e in status.environments}
    return Row(status, tuple(by_name.get(name) for name in columns))


def _name_columns(names: Sequence[str], statuses: Iterable[ProjectStatus]) -> tuple[Column, ...]:
    steps = {(name, e.environment.name) for s in statuses for e in s.environments for name in e.environment.requires}
    following = (*names[1:], "")
    return tuple(Column(name, (name, after) in steps) for name, after in zip(names, following, strict=True))


def _list(cells: Sequence[Cell], chosen: Filter, is_dense: bool) -> tuple[Cell, ...]:
    """What a filter leaves; without one, beside tiles, what there is to look at or to do, worst first."""
    if chosen.is_list:
        return tuple(cell for cell in cells if chosen.matches(cell))
    if not is_dense:
        return ()
    to_look_at = (c for c in cells if not c.is_current and State.UNOBSERVED.value not in c.kinds)
    return tuple(sorted(to_look_at, key=lambda cell: _SEVERITY[cell.badge.tone]))


_SEVERITY = {STATE_TONES[state]: number for number, state in enumerate(WORST_FIRST)}
