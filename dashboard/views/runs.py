"""Every run, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.models import Run
from dashboard.usecases.catalogue import configuration
from dashboard.views.badges import Badge, badge_of_run
from dashboard.views.charts import RUNS, draw_runs
from dashboard.views.moments import say_duration
from dashboard.views.plan_words import say_amount, say_verb
from dashboard.views.requests import PageRequest

PAGE = 50
STATES = (*Run.Phase.values[:-1], *Run.Outcome.values)
"""What a run can be filtered by: its phase while it is live, else its outcome."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """One row of the list."""

    run: Run
    words: str
    badge: Badge
    duration: str
    is_configured: bool
    """Runs outlive their environment's entry in dashboard.toml; a link to it then leads nowhere."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Empty: all."""

    project: str
    environment: str
    state: str

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Those that match."""
        wanted = {key: value for key in ("project", "environment") if (value := getattr(self, key))}
        found = runs.filter(**wanted)
        return found.filter(Q(phase=self.state) | Q(outcome=self.state)) if self.state else found

    def __bool__(self) -> bool:
        return bool(self.project or self.environment or self.state)


@require_safe
@permission(SEE)
def runs(request: PageRequest) -> HttpResponse:
    """`?project=`, `?environment=` and `?state=` narrow the list."""
    chosen = _read_filter(request.GET)
    found = chosen.apply(Run.objects.select_related("confirmation__plan", "confirmation__confirmed_by"))
    environments = [(p.name, e) for p in configuration().projects.values() for e in p.environments]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": tuple(_line(run, (run.project, run.environment) in environments) for run in page),
        "chosen": chosen,
        "environments": environments,
        "states": [(state, state.replace("_", " ")) for state in STATES],
        "run_chart": draw_runs(tuple(found[:RUNS])) if chosen.environment else None,
    }
    return render(request, "runs.html", context)


def _read_filter(query: QueryDict) -> RunFilter:
    """`of=project/environment` is how the page's own select says both at once."""
    project, _, environment = query.get("of", "").partition("/")
    state = query.get("state", "")
    return RunFilter(
        query.get("project", project), query.get("environment", environment), state if state in STATES else ""
    )


def _line(run: Run, is_configured: bool) -> RunLine:
    duration = ""
    if run.started_at and run.settled_at:
        duration = say_duration((run.settled_at - run.started_at).total_seconds())
    plan = run.confirmation.plan
    return RunLine(run, f"{say_verb(plan)} {say_amount(plan)}", badge_of_run(run), duration, is_configured)
