"""Every environment at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.access import SEE, permission
from dashboard.revisions.status import State
from dashboard.usecases.read_status import ProjectStatus
from dashboard.views.attention import list_attention
from dashboard.views.badges import STATE_TONES, STATE_WORDS
from dashboard.views.cells import Cell, make_cell
from dashboard.views.requests import PageRequest, wants_part
from dashboard.views.statuses import statuses_of

COLUMNS_OF_A_MATRIX = 6
"""More environment names than this do not fit side by side: tiles."""
NAMED_TILES = 13
"""From so many environments on, a project's tiles are glyphs only."""
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
    def are_tiles_named(self) -> bool:
        """Whether there is room for names on the tiles."""
        return len(self.environments) < NAMED_TILES


@dataclass(frozen=True, slots=True)
class Count:
    """A filter that is its own legend."""

    tone: str
    word: str
    number: int
    href: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    counts: tuple[Count, ...]
    total: int
    oldest: datetime | None
    listed: tuple[Cell, ...]
    """Those that the filter leaves, or, beside tiles, those that are not current."""
    hidden: int
    """How many more would be listed."""
    is_filtered: bool
    is_dense: bool
    fits_a_matrix: bool
    state: str
    text: str
    refresh_seconds: int


@require_safe
@permission(SEE)
def overview(request: PageRequest) -> HttpResponse:
    """The matrix, or with `?state=` or `?q=` the list of what matches."""
    statuses = statuses_of(request)
    density = request.GET.get("density", "")
    shown = build_overview(statuses, request.GET.get("state", ""), request.GET.get("q", ""), density)
    if wants_part(request, "matrix"):
        response = render(request, "_overview_live.html", {"overview": shown})
        # The address bar follows the filter, so that a reload shows the same.
        return replace_url(response, _filter_href(shown.state, shown.text, density))
    return render(request, "overview.html", {"overview": shown, "attention": list_attention(statuses)})


def build_overview(statuses: Iterable[ProjectStatus], state: str, text: str, density: str = "") -> Overview:
    """`state`: a State's value, running, unsettled, failed_run or stale; `text`: part of project / environment."""
    statuses = tuple(statuses)
    columns = tuple(dict.fromkeys(name for status in statuses for name in status.project.environments))
    rows = tuple(_make_row(status, columns) for status in statuses)
    cells = tuple(cell for row in rows for cell in row.environments)
    state, text = state.strip(), text.strip()
    is_filtered = bool(state or text)
    fits_a_matrix = len(columns) <= COLUMNS_OF_A_MATRIX
    is_dense = density == "tiles" or not fits_a_matrix
    wanted = tuple(cell for cell in cells if _matches(cell, state, text))
    listed = wanted if is_filtered else _worst_first(cells) if is_dense else ()
    moments = [cell.observed_at for cell in cells if cell.observed_at]
    return Overview(
        rows=rows,
        columns=columns,
        counts=_count(cells, state, text),
        total=len(cells),
        oldest=min(moments, default=None),
        listed=listed if is_filtered else listed[:ROWS],
        hidden=0 if is_filtered else max(0, len(listed) - ROWS),
        is_filtered=is_filtered,
        is_dense=is_dense,
        fits_a_matrix=fits_a_matrix,
        state=state,
        text=text,
        refresh_seconds=settings.DASHBOARD_REFRESH_SECONDS,
    )


def _make_row(status: ProjectStatus, columns: tuple[str, ...]) -> Row:
    by_name = {e.environment.name: make_cell(status, e) for e in status.environments}
    return Row(status, tuple(by_name.get(name) for name in columns))


def _worst_first(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Those with something to look at or to do."""
    return tuple(sorted((cell for cell in cells if not cell.is_current), key=lambda cell: _SEVERITY[cell.badge.tone]))


def _matches(cell: Cell, state: str, text: str) -> bool:
    """Every word of the text must stand in `project / environment`."""
    name = f"{cell.project} / {cell.name}".casefold()
    return (not state or state in cell.kinds) and all(word in name for word in text.casefold().split())


def _count(cells: Sequence[Cell], state: str, text: str) -> tuple[Count, ...]:
    numbers = Counter(kind for cell in cells for kind in cell.kinds)
    chips = [("", "all", "", len(cells))]
    chips += [(STATE_TONES[s], STATE_WORDS[s], s.value, numbers[s.value]) for s in _CHIP_ORDER]
    chips.insert(3, ("running", "running", "running", numbers["running"]))
    return tuple(
        Count(tone, word, number, _filter_href(value, text), value == state)
        for tone, word, value, number in chips
        if number or not value or value == state
    )


def _filter_href(state: str, text: str, density: str = "") -> str:
    query = {key: value for key, value in (("state", state), ("q", text), ("density", density)) if value}
    return f"{reverse('overview')}{'?' + urlencode(query) if query else ''}"


_CHIP_ORDER = (
    State.CURRENT,
    State.PENDING,
    State.UNVERSIONED,
    State.FOREIGN_REVISION,
    State.INCONSISTENT,
    State.UNREACHABLE,
    State.UNOBSERVED,
)
_SEVERITY = {
    STATE_TONES[state]: number
    for number, state in enumerate(
        (
            State.INCONSISTENT,
            State.FOREIGN_REVISION,
            State.UNREACHABLE,
            State.UNVERSIONED,
            State.UNOBSERVED,
            State.PENDING,
            State.CURRENT,
        )
    )
}
