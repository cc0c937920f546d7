"""The ledger of an environment as a file: every run, and every other change of the version table that was seen."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.models import Observation, Run
from dashboard.views.csv_file import stream_csv
from dashboard.views.ledger import list_entries
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_environment

COLUMNS = ("at", "who", "what", "rows before", "rows after", "detail", "run")


@require_safe
@permission(SEE)
def ledger_file(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """CSV, newest first, without an end."""
    find_environment(request, project, environment)
    mine = {"project": project, "environment": environment}
    runs = Run.objects.filter(**mine).select_related("confirmation__plan", "confirmation__confirmed_by", "replacement")
    entries = list_entries(tuple(runs), tuple(Observation.objects.filter(**mine, changed=True)))
    rows = (
        (e.at.isoformat(), e.who, e.words, " ".join(e.before), " ".join(e.after), e.detail, str(e.run or ""))
        for e in entries
    )
    return stream_csv(f"{project}-{environment}-ledger.csv", COLUMNS, rows)
