"""What of the overview is shown: read from the address, so that every choice can be sent to somebody as a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from dashboard.revisions.status import State
from dashboard.views.badges import STATE_TONES, STATE_WORDS
from dashboard.views.cells import Cell
from dashboard.views.requests import read_search

_STATE_ORDER = (
    State.CURRENT,
    State.PENDING,
    State.UNVERSIONED,
    State.FOREIGN_REVISION,
    State.INCONSISTENT,
    State.UNREACHABLE,
    State.UNOBSERVED,
)
_CHIPS = (
    (STATE_TONES[State.CURRENT], STATE_WORDS[State.CURRENT], State.CURRENT.value),
    (STATE_TONES[State.PENDING], STATE_WORDS[State.PENDING], State.PENDING.value),
    ("running", "running", "running"),
    *((STATE_TONES[state], STATE_WORDS[state], state.value) for state in _STATE_ORDER[2:]),
    ("unknown", "unsettled", "unsettled"),
    ("failed", "failed run", "failed_run"),
    ("drift", "drift", "drift"),
    ("waiting", "stale", "stale"),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """`state`: one of a Cell's kinds; `text`: words that all stand in `project / environment`, of the project its name or its title."""

    project: str = ""
    state: str = ""
    text: str = ""
    density: str = ""

    @property
    def is_list(self) -> bool:
        """Whether what matches is listed; a project alone only narrows the matrix."""
        return bool(self.state or self.text)

    @property
    def href(self) -> str:
        """The address that shows exactly this."""
        named = (("project", self.project), ("state", self.state), ("q", self.text), ("density", self.density))
        query = {key: value for key, value in named if value}
        return f"{reverse('overview')}{'?' + urlencode(query) if query else ''}"

    def matches(self, cell: Cell) -> bool:
        """Whether the list shows it."""
        name = f"{cell.project} {cell.project_title} / {cell.name}".casefold()
        return (not self.state or self.state in cell.kinds) and all(w in name for w in self.text.casefold().split())


@dataclass(frozen=True, slots=True)
class Count:
    """A filter that is its own legend."""

    tone: str
    word: str
    number: int
    href: str
    selected: bool


def read_filter(query: QueryDict, projects: Iterable[str]) -> Filter:
    """A project that dashboard.toml does not name filters nothing."""
    project = query.get("project", "")
    return Filter(
        project=project if project in projects else "",
        state=query.get("state", "").strip(),
        text=read_search(query),
        density=query.get("density", "") if query.get("density") in {"tiles", "matrix"} else "",
    )


def count_cells(cells: Sequence[Cell], chosen: Filter) -> tuple[Count, ...]:
    """All, then each kind that exists, and the chosen one even where nothing is left of it."""
    numbers = Counter(kind for cell in cells for kind in cell.kinds)
    chips = [("", "all", "", len(cells)), *((tone, word, kind, numbers[kind]) for tone, word, kind in _CHIPS)]
    return tuple(
        Count(tone, word, number, replace(chosen, state=kind).href, kind == chosen.state)
        for tone, word, kind, number in chips
        if number or not kind or kind == chosen.state
    )
