"""One environment: where it stands, what it would get, what happened to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseStopPolling

from dashboard.access import BACK_UP, CREATE, PLAN, SEE, permission
from dashboard.models import Backup, DriftCheck, Observation, Run
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import Reason, State, Status
from dashboard.usecases.explain_run import RunExplanation, explain_run
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.usecases.work_version import work_version
from dashboard.views.badges import Badge, badge_of_backup, badge_of_run, badge_of_status
from dashboard.views.charts import CHANGES, RUNS, draw_pending, draw_runs
from dashboard.views.distance import Distance, measure_distance
from dashboard.views.drift import mark_drift, view_drift
from dashboard.views.environment_settings import list_settings
from dashboard.views.ledger import LENGTH, list_entries
from dashboard.views.other_plans import list_head_choices, list_other_plans
from dashboard.views.requests import PageRequest, is_unchanged, wants_part
from dashboard.views.statuses import find_environment

BACKUPS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class NamedRevision:
    """A revision with its message; no message: the script directory lacks it."""

    revision: str
    message: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """The facts that people come for."""

    badge: Badge
    active: Badge | None
    drift: Badge | None
    rows: tuple[NamedRevision, ...]
    heads: tuple[NamedRevision, ...]
    distance: Distance
    server: str
    verb: str
    """What the dashboard did to the database when it last looked: seen, or only tried."""
    last_run: Badge | None
    refresh_seconds: int


@dataclass(frozen=True, slots=True)
class BackupLine:
    """A backup with how far it is proven."""

    backup: Backup
    badge: Badge
    is_configured: bool = True
    """Backups outlive their environment's entry in dashboard.toml; a link to it then leads nowhere."""


@require_safe
@permission(SEE)
def environment(request: PageRequest, project: str, environment: str) -> HttpResponse:
    """Shows the latest observation; waits for no database. `?seen=`: what a poll has; unchanged, 204."""
    version = work_version(project=project, environment=environment)
    if is_unchanged(request, version):
        return HttpResponse(status=204)
    project_status, status = find_environment(request, project, environment)
    mine = {"project": project, "environment": environment}
    number = LENGTH * min(10, max(1, _page(request)))
    runs = Run.objects.filter(**mine).select_related("confirmation__plan", "confirmation__confirmed_by", "replacement")
    newest_runs = tuple(runs[: max(number, RUNS) + 1])
    changes = tuple(Observation.objects.filter(**mine, changed=True)[: max(number, CHANGES) + 1])
    entries = list_entries(newest_runs[: number + 1], changes[: number + 1])
    backups = Backup.objects.filter(**mine).exclude(state=Backup.State.DELETED).select_related("created_by")
    lines = tuple(BackupLine(backup, badge_of_backup(backup)) for backup in backups[:BACKUPS_SHOWN])
    # Rows that contradict each other have no distance, so that no number of pending revisions is told either.
    is_certain = status.status.state is not State.INCONSISTENT
    context = {
        "version": version,
        "project": project_status.project,
        "status": status,
        "left": explain_what_is_left(status),
        "headline": make_headline(project_status, status),
        "pending": status.status.pending,
        "is_certain": is_certain,
        "refusal": say_why_not(status.status),
        "trouble": say_trouble(status),
        "deletion": write_deletion(
            status.status, project_status.project.version_table, project_status.project.version_table_schema
        ),
        "can_connect": status.status.reason not in _NO_CONNECTION,
        "head_choices": list_head_choices(project_status),
        "other_plans": list_other_plans(project_status, status),
        "entries": entries[:number],
        "next_page": number // LENGTH + 1 if len(entries) > number else None,
        "pending_chart": draw_pending(project_status.history.graph, changes, timezone.now()) if is_certain else None,
        "run_chart": draw_runs(newest_runs),
        "backups": lines,
        "is_preparing": any(line.backup.state == Backup.State.PREPARING for line in lines),
        "facts": list_settings(project_status.project, status.environment),
        "drifts": view_drift(status),
        "is_comparing": any(drift.newest.state in DriftCheck.LIVE for drift in status.drift),
        "may_plan": request.user.has_perm(PLAN),
        "may_create": request.user.has_perm(CREATE),
        "may_back_up": request.user.has_perm(BACK_UP),
    }
    if wants_part(request, "drift"):
        status_code = 200 if context["is_comparing"] else HttpResponseStopPolling.status_code
        return render(request, "_environment_drift.html", context, status=status_code)
    if wants_part(request, "backups"):
        status_code = 200 if context["is_preparing"] else HttpResponseStopPolling.status_code
        return render(request, "_environment_backups.html", context, status=status_code)
    return render(request, "environment.html", context)


def make_headline(project: ProjectStatus, status: EnvironmentStatus) -> Headline:
    """Rows of the version table beside the effective heads."""
    graph = project.history.graph
    return Headline(
        badge=badge_of_status(status.status),
        active=badge_of_run(status.active_run) if status.active_run else None,
        drift=mark_drift(status),
        rows=_named(status.status.current, graph.records),
        heads=_named(graph.effective_heads, graph.records),
        distance=measure_distance(status.status, graph),
        server=status.observation.server if status.observation and status.status.reason not in _NO_CONNECTION else "",
        verb="tried" if status.status.state is State.UNREACHABLE else "seen",
        last_run=badge_of_run(status.last_run) if status.last_run else None,
        refresh_seconds=settings.DASHBOARD_REFRESH_SECONDS,
    )


def explain_what_is_left(status: EnvironmentStatus) -> RunExplanation | None:
    """Of a last run that ended part-way or in doubt; None while another is live, whose outcome will tell."""
    run = status.last_run
    if run is None or status.active_run is not None or run.outcome not in _LEAVES:
        return None
    return explain_run(run)


def say_trouble(status: EnvironmentStatus) -> str:
    """What somebody must mend before anything can be done here; its detail says how. Empty: nothing."""
    words = _TROUBLES.get(status.status.state, "")
    return words.format(name=status.environment.name)


def write_deletion(status: Status, table: str, schema: str) -> str:
    """The statement that makes the rows agree again; empty where none does."""
    if not status.surplus:
        return ""
    name = ".".join(_quote(part) for part in (schema, table) if part)
    row = status.surplus.replace("'", "''")
    return f"DELETE FROM {name} WHERE version_num = '{row}';"  # noqa: S608  (a person reads it; nothing here executes it)


def say_why_not(status: Status) -> str:
    """Why no upgrade is offered, and what to do; empty where one is."""
    if status.state is State.PENDING or (
        status.state is State.UNVERSIONED and status.reason is not Reason.SCHEMA_NOT_EMPTY and status.pending
    ):
        return ""
    return _REFUSALS.get(status.state, "")


def _quote(identifier: str) -> str:
    if re.fullmatch("[a-z_][a-z0-9_]*", identifier):
        return identifier
    return '"{}"'.format(identifier.replace('"', '""'))


def _page(request: PageRequest) -> int:
    text = request.GET.get("ledger", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _named(ids: Sequence[str], records: Mapping[str, RevisionRecord]) -> tuple[NamedRevision, ...]:
    return tuple(NamedRevision(i, records[i].message if i in records else "", i in records) for i in ids)


_NO_CONNECTION = frozenset({Reason.NOT_CONFIGURED, Reason.REFUSED, Reason.AUTHENTICATION, Reason.NO_DATABASE})
_TROUBLES: dict[State, str] = {
    State.UNREACHABLE: "{name} could not be read.",
    State.INCONSISTENT: "The version table of {name} and the history do not fit together.",
    State.FOREIGN_REVISION: "{name} holds a revision that this script directory lacks.",
}
_LEAVES = frozenset({Run.Outcome.PARTIAL, Run.Outcome.INDETERMINATE})
_REFUSALS: dict[State, str] = {
    State.UNOBSERVED: "This database has not been read yet, so it is not known what is pending.",
    State.UNREACHABLE: "This database cannot be read, so it is not known what is pending.",
    State.INCONSISTENT: "No upgrade is offered until the rows and the history fit together again.",
    State.FOREIGN_REVISION: "No upgrade is offered: the database holds a revision that this script directory lacks. "
    "Bring the file back, point the project at the script directory it came from, or stamp it.",
    State.UNVERSIONED: "No upgrade is offered: the database holds tables but no revision, so an upgrade would begin "
    "from nothing. Stamp it with the revision that its schema has.",
    State.CURRENT: "Nothing is pending.",
}
