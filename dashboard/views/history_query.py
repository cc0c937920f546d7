"""What a reader asks the history page for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from dashboard.views.requests import PageRequest, read_search


class Show(StrEnum):
    """Which revisions, by what the chosen environment has."""

    ALL = "all"
    APPLIED = "applied"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The query string. Everything may be absent; `ref` is None for the work tree."""

    ref: str | None
    environment: str
    text: str
    """Words to search for."""
    show: Show
    after: str
    """The revision after which this part begins."""
    at: str
    """A revision that must be in this part."""

    @property
    def at_ref(self) -> str:
        """`?ref=...` for links to other pages; empty for the work tree."""
        return f"?{urlencode({'ref': self.ref})}" if self.ref is not None else ""

    def link(self, **changed: str) -> str:
        """The query string of the same page with other values; empty ones are left out. Without a place in the list."""
        kept = {
            "ref": self.ref or "",
            "environment": self.environment,
            "q": self.text,
            "show": "" if self.show is Show.ALL else self.show.value,
        }
        return f"?{urlencode({name: value for name, value in (kept | changed).items() if value})}"


def read_query(request: PageRequest) -> HistoryQuery:
    """Never fails: what cannot be understood is as if it were absent, except `ref`, which the reader judges."""
    asked = request.GET
    show = asked.get("show", "")
    return HistoryQuery(
        ref=asked.get("ref"),
        environment=asked.get("environment", ""),
        text=read_search(asked),
        show=Show(show) if show in set(Show) else Show.ALL,
        after=asked.get("after", ""),
        at=asked.get("at", ""),
    )
