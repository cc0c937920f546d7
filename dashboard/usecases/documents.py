"""The JSON documents, the same for `--json` and for the API. Format 1: keys are added, never changed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from dashboard.revisions.plan import PlanContent
from dashboard.revisions.records import RevisionRecord
from dashboard.usecases.examine_steps import Examination
from dashboard.usecases.preview_plan import SqlReading
from dashboard.usecases.read_drift import Drift
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.usecases.sql_script import list_findings, write_script

FORMAT = 1


def status_document(projects: Iterable[ProjectStatus]) -> dict[str, Any]:
    """Every environment with its state, current rows and pending revisions."""
    return {"format": FORMAT, "projects": [_project(project) for project in projects]}


def history_document(history: ProjectHistory, *, ref: str = "") -> dict[str, Any]:
    """Every revision, newest first in Alembic's order, with what is wrong."""
    graph, reading = history.graph, history.reading
    return {
        "format": FORMAT,
        "project": history.project.name,
        "ref": ref or None,
        "commit": (reading.commit or None) if reading else None,
        "heads": list(graph.heads),
        "effective_heads": list(graph.effective_heads),
        "bases": list(graph.bases),
        "branch_points": list(graph.branch_points),
        "merge_points": list(graph.merge_points),
        "unreadable": [
            {"path": f.path, "line": f.line, "reason": f.reason} for f in (reading.unreadable if reading else ())
        ],
        "problems": [
            {
                "kind": p.kind.value,
                "revision": p.revision or None,
                "path": p.path or None,
                "line": p.line,
                "detail": p.detail,
                "hint": p.hint,
            }
            for p in history.problems
        ],
        "revisions": [_revision(record) for record in graph.history()],
    }


def plan_document(
    plan: PlanContent,
    examination: Examination,
    *,
    observed_at: datetime | None,
    reading: SqlReading | None,
    with_sql: bool = True,
) -> dict[str, Any]:
    """The steps in the order of execution. `findings` is null where the SQL is not known, `sql` also where not asked for."""
    return {
        "format": FORMAT,
        "project": plan.project,
        "environment": plan.environment,
        "observed_at": rfc3339(observed_at),
        "direction": plan.direction.value,
        "current": list(plan.current),
        "target": list(plan.target),
        "result": list(plan.result),
        "steps": [asdict(step) for step in plan.steps],
        "fingerprint": plan.fingerprint,
        "losses": [asdict(loss) for loss in examination.losses],
        "cautions": [asdict(caution) for caution in examination.cautions],
        "findings": list_findings(reading) if reading else None,
        "sql": write_script(reading.pieces) if reading and with_sql else None,
    }


def rfc3339(moment: datetime | None) -> str | None:
    """`2026-11-24T09:15:00Z`, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _project(project: ProjectStatus) -> dict[str, Any]:
    graph, reading = project.history.graph, project.history.reading
    return {
        "name": project.project.name,
        "commit": (reading.commit or None) if reading else None,
        "heads": list(graph.heads),
        "effective_heads": list(graph.effective_heads),
        "environments": [_environment(environment) for environment in project.environments],
    }


def _environment(found: EnvironmentStatus) -> dict[str, Any]:
    status = found.status
    return {
        "name": found.environment.name,
        "state": status.state.value,
        "reason": status.reason.value if status.reason else None,
        "detail": status.detail,
        "stale": found.stale,
        "active_run": found.active_run.pk if found.active_run else None,
        "current": list(status.current),
        "pending": _short(status.pending),
        "foreign": list(status.foreign),
        "observed_at": rfc3339(found.observation.observed_at if found.observation else None),
        "drift": [describe_drift(drift) for drift in found.drift],
    }


def describe_drift(drift: Drift) -> dict[str, Any]:
    """One kind of comparison: `differences` is their number, null where none is known that holds."""
    compared = drift.compared
    return {
        "kind": drift.kind.value,
        "state": drift.newest.state,
        "differences": drift.number,
        "outdated": drift.outdated,
        "error": drift.newest.error,
        "current": list(compared.rows) if compared else [],
        "compared_at": rfc3339(compared.finished_at if compared else None),
        "on_replica": compared.on_replica if compared else False,
    }


def _short(records: Sequence[RevisionRecord]) -> list[dict[str, str]]:
    return [{"revision": r.revision, "message": r.message} for r in records]


def _revision(record: RevisionRecord) -> dict[str, Any]:
    return {
        "revision": record.revision,
        "down_revision": list(record.down_revision),
        "depends_on": list(record.depends_on),
        "branch_labels": list(record.branch_labels),
        "message": record.message,
        "create_date": record.create_date or None,
        "created_at": rfc3339(record.created_at),
        "path": record.path,
    }
