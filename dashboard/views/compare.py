"""Compare heads: two sides, the verdict, the fork, and the tables that both touch."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import COMPARE, CREATE, permission
from dashboard.revisions.touches import SharedTable
from dashboard.sources.configuration import Project
from dashboard.usecases.compare import ComparedSides, SideRefused, SideUnread, compare
from dashboard.usecases.compare_sides import ComparedSide
from dashboard.usecases.merge_commands import merge_commands
from dashboard.usecases.offer_sides import SidesOffered, offer_sides
from dashboard.views.badges import Badge
from dashboard.views.comparison_words import (
    badge_of_comparison,
    badge_of_judgement,
    say_common,
    say_unpredictable,
    shared_hint,
    title_of_verdict,
)
from dashboard.views.fork import draw_fork, link_to_files, name_of_side
from dashboard.views.merge_links import link_to_merge
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a picker."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Options under one heading."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Picker:
    """One side's select. `note` says what is known of it."""

    id: str
    name: str
    groups: tuple[ChoiceGroup, ...]
    note: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table that both sides touch."""

    shared: SharedTable
    badge: Badge


@require_safe
@permission(COMPARE)
def compare_heads(request: PageRequest, project: str) -> HttpResponse:
    """`?left=` and `?right=`: `env:NAME`, `ref:GITREF` or `heads`. A wrong side is a 400 that says why.

    Without them: the repository's main branch with the work tree.
    """
    status = find_project(request, project)
    found = status.project
    offered = offer_sides(found)
    left = request.GET.get("left") or offered.usual_left
    right = request.GET.get("right") or offered.usual_right
    context = {"project": found, "left": left, "right": right, "swapped": urlencode({"left": right, "right": left})}
    status_code = 200
    try:
        compared = compare(project=found, left=left, right=right)
    except (SideRefused, LookupError) as error:
        context |= {"refusal": str(error.args[0]), "pickers": _pickers(found, offered, left, right, None)}
        status_code = 200 if request.htmx or isinstance(error, SideUnread) else 400
    else:
        context |= {"pickers": _pickers(found, offered, left, right, compared), **_comparison(compared)}
        if request.user.has_perm(CREATE):
            context["merges"] = [
                link for group in compared.comparison.to_merge if (link := link_to_merge(status, group))
            ]
    part = request.htmx and request.htmx.target == "compared"
    template = "_compared.html" if part else "compare.html"
    return render(request, template, context | {"is_part": part}, status=status_code)


def _comparison(compared: ComparedSides) -> dict[str, object]:
    found, fork = compared.comparison, draw_fork(compared)
    in_conflict = {conflict.revision for conflict in found.conflicts}
    title, tone = title_of_verdict(found)
    return {
        "compared": compared,
        "comparison": found,
        "title": title,
        "tone": tone,
        "relation": badge_of_comparison(found, branches_off=fork.branches_off),
        "branches_off": fork.branches_off,
        "common_words": say_common(found),
        "mend": shared_hint(found),
        "unpredictable": say_unpredictable(found),
        "merge_needed": found.merge_needed and found.is_predictable,
        "differing": [pair for pair in found.differing if pair[0].revision not in in_conflict],
        "commands": merge_commands(compared.project, found.to_merge),
        "stray_heads": [group[0] for group in found.to_merge if len(group) == 1],
        "left_name": name_of_side(compared.left),
        "right_name": name_of_side(compared.right),
        "fork": fork,
        "left_side": fork.left,
        "right_side": fork.right,
        "common_link": link_to_files(compared.left),
        "table_rows": [TableRow(shared, badge_of_judgement(shared.judgement)) for shared in compared.tables.shared],
    }


def _pickers(
    project: Project, offered: SidesOffered, left: str, right: str, compared: ComparedSides | None
) -> tuple[Picker, Picker]:
    options_of = {
        "Work tree": [("heads", "work tree")],
        "Environments": [(f"env:{name}", name) for name in project.environments],
        "Branches": [(f"ref:{name}", name) for name in offered.branches],
        "Tags": [(f"ref:{name}", name) for name in offered.tags],
    }

    def picker(id: str, name: str, chosen: str, side: ComparedSide | None) -> Picker:
        listed = dict(options_of)
        if all(value != chosen for options in options_of.values() for value, _ in options):
            listed["As asked"] = [(chosen, chosen)]
        groups = (
            ChoiceGroup(title, tuple(Choice(value, words, value == chosen) for value, words in options))
            for title, options in listed.items()
            if options
        )
        return Picker(id, name, tuple(groups), _note(side) if side else "")

    return (
        picker("left", "Left", left, compared.left if compared else None),
        picker("right", "Right", right, compared.right if compared else None),
    )


def _note(side: ComparedSide) -> str:
    parts = []
    if side.commit:
        parts.append(f"commit {side.commit[:12]}{' and what is not committed' if side.is_work_tree else ''}")
    if side.observed_at:
        parts.append(f"seen {side.observed_at:%-d %b %Y, %H:%M} UTC")
    count = len(side.history.held)
    parts.append(f"{count} revision{'' if count == 1 else 's'}")
    return ". ".join(filter(None, (", ".join(parts), side.note)))
