"""One piece of a plan, executed on a copy by a child that measures itself, while its locks are watched from beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils import timezone

from dashboard.alembic_process.parent import ChildRequest, Ending, run_child
from dashboard.databases.database import Database, DatabaseUnavailable, RunLock
from dashboard.databases.measurement import HeldLock, LockWatch
from dashboard.models import Rehearsal, RehearsedRevision
from dashboard.revisions.plan import Leg, PlanContent
from dashboard.secrets import Masker
from dashboard.sources.configuration import Environment, Project, ResolvedEnvironment
from dashboard.usecases.child_work import describe_change
from dashboard.usecases.follow_work import Pace

RUNG_TIMEOUT = 1.0
MOST_LOCKS = 50
"""Of one revision; weaker ones are counted."""
KEPT_OUTPUT = 20
"""Lines, told where the child ends without a word."""


class RehearsalFailed(Exception):
    """The plan does not come to its end on a copy of the database; the message says where and why. Not masked."""


@dataclass
class Rehearsing:
    """One rehearsal at work: what its children said so far."""

    rehearsal: Rehearsal
    project: Project
    environment: Environment
    resolved: ResolvedEnvironment
    database: Database
    lock: RunLock
    watch: LockWatch
    measured: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Position -> what the child measured of it."""
    took: dict[int, float] = field(default_factory=dict)
    position: int = 0
    """Of the step that is being executed, or was last."""
    revision: str = ""
    trouble: str = ""
    finished: bool = False
    output: list[str] = field(default_factory=list)
    began_at: float | None = None
    ended_at: float = 0.0
    _pace: Pace = field(default_factory=Pace)

    def seconds(self) -> float:
        """From the first revision's beginning to the end of the last transaction."""
        return self.ended_at - self.began_at if self.began_at is not None else 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        """What the child says of itself."""
        match event["event"]:
            case "revision_started":
                self.began_at = self.began_at or time.monotonic()
                self.position, self.revision = event["position"], event["revision"]
            case "measuring":
                self.watch.begin(event["position"])
            case "measured":
                self.measured[event["position"]] = event
                self.watch.end(event["position"], (HeldLock(*lock) for lock in event.get("locks", ())))
            case "revision_applied":
                self.took[event["position"]] = event["seconds"]
                self._tell(event["position"])
            case "refused":
                self.trouble = event["message"]
            case "error":
                at = f"Revision {self.revision}: " if self.revision else ""
                self.trouble = f"{at}{event['type']}: {event['message']}"
            case "finished":
                self.finished, self.ended_at = True, time.monotonic()

    def _tell(self, done: int) -> None:
        """To whoever watches; of many quick steps not each."""
        if self._pace.is_due():
            Rehearsal.objects.filter(pk=self.rehearsal.pk).update(steps_done=done, step_at=timezone.now())

    def keep(self, line: str) -> None:
        """The last of what the child printed."""
        self.output = [*self.output, line][-KEPT_OUTPUT:]

    def store(self, content: PlanContent) -> None:
        """What was measured, for every step that was begun; once the watch has finished."""
        masker = Masker(self.resolved.secrets)
        begun = content.steps[: self.position]
        RehearsedRevision.objects.bulk_create(
            RehearsedRevision(
                rehearsal=self.rehearsal,
                position=position,
                revision=step.revision,
                action=step.action,
                seconds=self.took.get(position),
                **self._values(position, masker),
            )
            for position, step in enumerate(begun, start=1)
        )

    def _values(self, position: int, masker: Masker) -> dict[str, Any]:
        event = self.measured.get(position, {})
        locks = self.watch.spans(position)
        return {
            "locks": [asdict(lock) for lock in locks[:MOST_LOCKS]],
            "locks_dropped": max(0, len(locks) - MOST_LOCKS),
            "rewritten": [asdict(r) for r in self.watch.rewrites((oid, size) for oid, size in event.get("rewritten", ()))],
            "wal_bytes": event.get("wal"),
            "rows": event.get("rows"),
            "statements": [{**said, "sql": masker.mask(said["sql"])} for said in event.get("statements", ())],
            "statements_dropped": event.get("statements_dropped", 0),
        }  # fmt: skip


def rehearse_leg(work: Rehearsing, leg: Leg) -> None:
    """Blocks until the child has ended. Raises RehearsalFailed."""
    work.finished, work.trouble = False, ""
    seconds = work.environment.timeouts.run.total_seconds()
    request = ChildRequest(
        python=work.project.python,
        directory=work.project.directory,
        variables=work.resolved.child_variables,
        pass_fds=work.lock.pass_fds,
        deadline=seconds,
        content=describe_change(
            work=work.rehearsal,
            plan=work.rehearsal.plan,
            project=work.project,
            environment=work.environment,
            resolved=work.resolved,
            lock=work.lock,
            leg=leg,
        ),
    )
    result = run_child(request, on_event=work.take, on_line=work.keep, ladder=_stop_ladder(work.database))
    if result.ending is Ending.NOT_STARTED:
        raise RehearsalFailed(result.message)
    if result.ending is Ending.DEADLINE:
        raise RehearsalFailed(f"It took longer than a run may, {work.environment.timeouts.run}, at {work.revision}.")
    if work.trouble:
        raise RehearsalFailed(work.trouble)
    if not work.finished:
        said = " ".join(work.output[-3:])
        raise RehearsalFailed(f"The child process ended without a word (exit code {result.returncode}). {said}".strip())


def _stop_ladder(database: Database) -> tuple[Callable[[], None], ...]:
    """What a child past its deadline left on the copy's server; the process's own end follows."""

    def act(rung: Callable[..., int]) -> None:
        with suppress(DatabaseUnavailable):
            rung(timeout=RUNG_TIMEOUT)

    return lambda: act(database.cancel_statements), lambda: act(database.terminate_sessions)
