"""Applied revisions are never edited: those that were, with the difference and the databases that have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.revisions.alterations import Alteration
from dashboard.usecases.read_alterations import AlterationDiff, read_alterations, show_alteration
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project

PAGE = 10
NAMED = 4


@dataclass(frozen=True, slots=True)
class DiffLine:
    """`kind` names a `.diff-*` class: added, removed, place or same."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class AlterationLine:
    """One alteration as the page shows it."""

    alteration: Alteration
    environments: str
    diff: AlterationDiff
    lines: tuple[DiffLine, ...]


@require_safe
@permission(SEE)
def alterations(request: PageRequest, project: str) -> HttpResponse:
    """`?page=` goes on. Each difference asks git."""
    status = find_project(request, project)
    found = read_alterations(status)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    lines = []
    for alteration in page:
        diff = show_alteration(project=status.project, alteration=alteration)
        shown = tuple(DiffLine(_kind(line), line) for line in diff.lines)
        lines.append(AlterationLine(alteration, say_environments(alteration.environments), diff, shown))
    return render(request, "alterations.html", {"project": status.project, "page": page, "lines": lines})


def say_environments(names: Sequence[str]) -> str:
    """`staging and production`; of many the first ones and how many more."""
    named = list(names[:NAMED])
    if len(names) > NAMED:
        return f"{', '.join(named)} and {len(names) - NAMED} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def title_of_alteration(alteration: Alteration) -> str:
    """What happened to the file, and which databases had it before: of many their number and the first ones."""
    names, number = say_environments(alteration.environments), len(alteration.environments)
    who = f"{number} environments had it: {names}" if number > NAMED else f"{names} had it"
    return f"{alteration.kind.capitalize()} after {who}."


def _kind(line: str) -> str:
    if line.startswith(("---", "+++", "@@")):
        return "place"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")
