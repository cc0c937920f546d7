"""What every child of a project is told, and the short works that are no run: SQL preview and probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dashboard.alembic_process.parent import ChildRequest, Ending, run_child
from dashboard.databases.database import RunLock
from dashboard.findings.finding import SqlPiece
from dashboard.models import DriftCheck, Plan, Rehearsal, Run
from dashboard.revisions.plan import Leg, PlanContent, legs_of
from dashboard.secrets import Masker
from dashboard.sources.configuration import Environment, Project, ResolvedEnvironment
from dashboard.usecases.catalogue import masker_for, resolve

PREVIEW_SECONDS = 60.0
PROBE_SECONDS = 30.0


class ChildFailed(Exception):
    """A child could not do its work; the message is masked and says why."""


def describe_project(project: Project, resolved: ResolvedEnvironment | None) -> dict[str, Any]:
    """The part of a request that is the same for every action. Holds the URL with its password."""
    return {
        "config": str(project.config),
        "section": project.section,
        "script_location": project.script_location,
        "version_locations": list(project.version_locations),
        "version_table": project.version_table,
        "version_table_schema": project.version_table_schema,
        "url": resolved.target.child_url() if resolved else "",
    }


def describe_change(
    *,
    work: Run | Rehearsal,
    plan: Plan,
    project: Project,
    environment: Environment,
    resolved: ResolvedEnvironment,
    lock: RunLock,
    leg: Leg,
) -> dict[str, Any]:
    """The whole request for one leg of a plan: a run and its rehearsal differ in where `resolved` leads, and no more."""
    return {
        **describe_project(project, resolved),
        "action": leg.action,
        **describe_leg(leg),
        "files": plan.files,
        "challenge": dict(lock.challenge),
        "connection_settings": connection_settings(work, environment),
        "rehearsal": isinstance(work, Rehearsal),
    }


def connection_settings(work: Run | Rehearsal | DriftCheck, environment: Environment) -> dict[str, str]:
    """What every PostgreSQL connection of a run's child sets for itself, names -> values."""

    def milliseconds(seconds: float) -> str:
        return f"{int(seconds * 1000)}ms"

    deadline = environment.timeouts.run.total_seconds()
    return {
        "application_name": f"alembic-dashboard {type(work).__name__.lower()} {work.pk}"[:63],
        "lock_timeout": milliseconds(environment.timeouts.lock.total_seconds()),
        "statement_timeout": milliseconds(environment.timeouts.statement.total_seconds()),
        # A revision may compute for long between two statements; what bounds it is the run's deadline.
        "idle_in_transaction_session_timeout": milliseconds(deadline),
        "idle_session_timeout": "0",
        "transaction_timeout": "0",
        "client_connection_check_interval": "1000ms",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }


def preview_sql(*, project: Project, environment: Environment, plan: PlanContent) -> tuple[SqlPiece, ...]:
    """The SQL of exactly this plan by Alembic's offline mode, cut at its steps, masked. Raises ChildFailed, NotConfigured.

    A step that cannot be written without a database says why; the child refuses files that are not the planned ones.
    """
    mask = masker_for(environment).mask
    pieces: list[SqlPiece] = []
    for leg in legs_of(plan):
        content = {"action": "sql", "way": leg.action, "files": dict(plan.files), **describe_leg(leg)}
        answer = ask_child(project, environment, content, wanted="sql", seconds=PREVIEW_SECONDS)
        pieces += mask_pieces(answer["pieces"], mask)
    return tuple(pieces)


def mask_pieces(told: Iterable[dict[str, Any]], mask: Callable[[str], str]) -> list[SqlPiece]:
    """What a child told of its SQL; empty pieces are left out."""
    return [
        SqlPiece(p["position"], p["revision"], _end_line(mask(p["text"])), mask(p["unwritable"]))
        for p in told
        if p["text"] or p["unwritable"]
    ]


def _end_line(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def describe_leg(leg: Leg) -> dict[str, Any]:
    """The part of a request that says which way to go."""
    return {
        "rows": list(leg.rows_before),
        "target": list(leg.destination),
        "result": list(leg.rows_after),
        "steps": [step.revision for step in leg.steps],
        "first_position": leg.first_position,
    }


def probe(*, project: Project, environment: Environment) -> dict[str, Any]:
    """What env.py says: dialect, version_table, version_table_schema. Creates nothing. Raises ChildFailed."""
    return ask_child(project, environment, {"action": "probe"}, wanted="probe", seconds=PROBE_SECONDS)


def ask_child(
    project: Project, environment: Environment, content: dict[str, Any], *, wanted: str, seconds: float
) -> dict[str, Any]:
    """Runs a child to its end and returns its `wanted` event. Raises ChildFailed, NotConfigured."""
    told = _run_to_end(project, environment, content, seconds)
    for event in told.events:
        if event["event"] == wanted:
            return event
    raise ChildFailed(told.what_failed())


def ask_child_for_all(
    project: Project,
    environment: Environment | None,
    content: dict[str, Any],
    *,
    seconds: float,
    resolved: ResolvedEnvironment | None = None,
    pass_fds: tuple[int, ...] = (),
) -> dict[str, dict[str, Any]]:
    """All that a child told, by the event's name; of a child that did its work, else raises ChildFailed, NotConfigured.

    Without an environment the child is given no database and none of the variables; with `resolved` those of a copy.
    """
    told = _run_to_end(project, environment, content, seconds, resolved, pass_fds)
    found = {event["event"]: event for event in told.events}
    if "finished" not in found:
        raise ChildFailed(told.what_failed())
    return found


@dataclass(frozen=True)
class _Told:
    """What a child said in the time that it had."""

    events: list[dict[str, Any]]
    output: list[str]
    masker: Masker

    def what_failed(self) -> str:
        return self.masker.mask(_what_failed(self.events, self.output))


def _run_to_end(
    project: Project,
    environment: Environment | None,
    content: dict[str, Any],
    seconds: float,
    resolved: ResolvedEnvironment | None = None,
    pass_fds: tuple[int, ...] = (),
) -> _Told:
    if resolved is None and environment is not None:
        resolved = resolve(environment)
    told = _Told([], [], Masker(resolved.secrets if resolved else ()))
    result = run_child(
        ChildRequest(
            python=project.python,
            directory=project.directory,
            variables=resolved.child_variables if resolved else {},
            pass_fds=pass_fds,
            deadline=seconds,
            content={**describe_project(project, resolved), **content},
        ),
        on_event=told.events.append,
        on_line=lambda line: told.output.append(line) if len(told.output) < 200 else None,
    )
    if result.ending is Ending.NOT_STARTED:
        raise ChildFailed(result.message)
    if result.ending is Ending.DEADLINE:
        raise ChildFailed(f"env.py did not end within {seconds:.0f} s.")
    return told


def _what_failed(events: list[dict[str, Any]], output: list[str]) -> str:
    revision = next((e["revision"] for e in reversed(events) if e["event"] == "revision_started"), "")
    at = f"Revision {revision}: " if revision else ""
    for event in events:
        if event["event"] in {"error", "refused"}:
            return f"{at}{event.get('type', 'Refused')}: {event['message']}"
    return f"{at}the child ended without an answer. " + " ".join(output[-3:])
