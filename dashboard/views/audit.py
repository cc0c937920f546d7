"""Who did what, newest first, and how each run ended; also as a file."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.models import User
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.usecases.catalogue import configuration, title_of
from dashboard.views.act_words import OF_PLANS, Act
from dashboard.views.acts import KINDS, ActFilter, iterate_acts, list_acts
from dashboard.views.csv_file import stream_csv
from dashboard.views.requests import PageRequest

PAGE = 50
COLUMNS = ("at", "who", "kind", "what", "project / environment", "detail")


@require_safe
@permission(SEE)
def audit(request: PageRequest) -> HttpResponse:
    """`?project=`, `?environment=`, `?who=`, `?kind=` narrow the list; `?before=` an ISO time: the next part."""
    chosen = _read_filter(request.GET)
    acts = list_acts(chosen, PAGE + 1)
    environments = [(p.name, e) for p in configuration().projects.values() for e in p.environments]
    places = {f"{project} / {name}": reverse("environment", args=[project, name]) for project, name in environments}
    context = {
        "lines": [_with_place(act, places.get(act.where, "")) for act in acts[:PAGE]],
        "next_before": acts[PAGE - 1].at.isoformat() if len(acts) > PAGE else "",
        "chosen": chosen,
        "is_filtered": bool(chosen.project or chosen.environment or chosen.who or chosen.kind),
        "environments": environments,
        "people": User.objects.order_by("username").values_list("username", flat=True),
        "kinds": KINDS,
    }
    return render(request, "audit.html", context)


@require_safe
@permission(SEE)
def audit_file(request: PageRequest) -> HttpResponse:
    """The whole log, narrowed as the page is, as CSV."""
    acts = iterate_acts(_read_filter(request.GET))
    rows = ((a.at.isoformat(), a.who or "the dashboard", a.kind, a.words, a.where, a.detail) for a in acts)
    return stream_csv("audit.csv", COLUMNS, rows)


def _with_place(act: Act, place: str) -> tuple[Act, str]:
    """Told with the project's title. `place`: the page of its environment, empty where dashboard.toml no longer names it;
    then no plan of it has one.
    """
    project, slash, environment = act.where.partition(" / ")
    href = act.href if place or act.kind not in OF_PLANS else ""
    return replace(act, href=href, where=f"{title_of(project)}{slash}{environment}"), place


def _read_filter(query: QueryDict) -> ActFilter:
    """`of=project/environment` is how the page's own select says both at once."""
    project, _, environment = query.get("of", "").partition("/")
    kind = query.get("kind", "")
    try:
        before = parse_datetime(query.get("before", ""))
    except ValueError:
        before = None
    return ActFilter(
        project=query.get("project", project),
        environment=query.get("environment", environment),
        who=query.get("who", ""),
        kind=kind if kind in KINDS else "",
        before=before if before and is_aware(before) else None,
    )
