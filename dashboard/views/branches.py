"""Branches: every branch of the repository, and what merging it would mean for the history."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.access import COMPARE, CREATE, permission
from dashboard.revisions.branches import Verdict
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.usecases.compare_sides import SideRefused
from dashboard.usecases.merge_commands import merge_commands
from dashboard.usecases.read_branches import Branch, read_branches
from dashboard.usecases.read_status import ProjectStatus
from dashboard.views.badges import Badge
from dashboard.views.comparison_words import CLEAN_ALONE, badge_of_verdict
from dashboard.views.merge_links import link_to_merge
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project

PAGE = 50
_WORST_FIRST = (Verdict.CONFLICT, Verdict.MERGE_NEEDED, None, Verdict.CLEAN, Verdict.NOTHING_OWN)


@dataclass(frozen=True, slots=True)
class BranchLine:
    """One branch. `compare` is the address of its comparison, `merges` are those where the work tree can be merged."""

    branch: Branch
    badge: Badge
    commands: tuple[str, ...]
    merges: tuple[str, ...]
    compare: str


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many branches have a verdict, and the address that shows only them."""

    badge: Badge
    count: int
    href: str
    is_chosen: bool


@require_safe
@permission(COMPARE)
def branches(request: PageRequest, project: str) -> HttpResponse:
    """`?onto=` names what they would be merged into, `?verdict=` keeps one kind, `?page=` goes on."""
    status = find_project(request, project)
    found, may_create = status.project, request.user.has_perm(CREATE)
    onto, chosen = request.GET.get("onto", ""), request.GET.get("verdict", "")
    try:
        reading = read_branches(project=found, onto=onto)
    except SideRefused as error:
        return render(request, "branches.html", {"project": found, "refusal": str(error)}, status=400 if onto else 200)
    kept = [branch for branch in reading.branches if not chosen or _verdict_name(branch) == chosen]
    kept.sort(key=lambda branch: _WORST_FIRST.index(_verdict(branch)))
    page = Paginator(kept, PAGE).get_page(request.GET.get("page"))
    counts = []
    for verdict in _WORST_FIRST:
        number = sum(_verdict(branch) is verdict for branch in reading.branches)
        name = verdict.value if verdict else "none"
        query = urlencode({key: value for key, value in (("onto", onto), ("verdict", name)) if value})
        if number:
            counts.append(VerdictCount(badge_of_verdict(verdict), number, f"?{query}", chosen == name))
    context = {
        "project": found,
        "may_create": may_create,
        "work_tree_merge": link_to_merge(status, extra_heads(status.history.graph, found.heads)) if may_create else "",
        "reading": reading,
        "page": page,
        "counts": counts,
        "chosen": chosen,
        "onto": onto,
        "query": urlencode({key: value for key, value in (("onto", onto), ("verdict", chosen)) if value}),
        "lines": [
            BranchLine(
                branch,
                CLEAN_ALONE if branch.colliding else badge_of_verdict(_verdict(branch)),
                merge_commands(found, branch.judgement.to_merge) if branch.judgement else (),
                _merges(status, branch) if may_create else (),
                f"{reverse('compare', args=[project])}?"
                f"{urlencode({'left': f'ref:{reading.onto}', 'right': f'ref:{branch.ref.name}'})}",
            )
            for branch in page
        ],
    }
    return render(request, "branches.html", context)


def _merges(status: ProjectStatus, branch: Branch) -> tuple[str, ...]:
    groups = branch.judgement.to_merge if branch.judgement else ()
    return tuple(filter(None, (link_to_merge(status, group) for group in groups)))


def _verdict(branch: Branch) -> Verdict | None:
    return branch.judgement.verdict if branch.judgement else None


def _verdict_name(branch: Branch) -> str:
    verdict = _verdict(branch)
    return verdict.value if verdict else "none"
