"""Writes down what a run does while it does it: log lines, steps, and the backend's pid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from dashboard.models import Run, RunLogLine, RunStep
from dashboard.secrets import Masker

MOST_LINES = 20_000
FLUSH_AT = 200
_BEGINNINGS = {"upgrade": "started", "downgrade": "reverting", "stamp": "stamping"}
_ENDINGS = {"upgrade": "applied", "downgrade": "reverted", "stamp": "stamped"}


class RunJournal:
    """Buffers lines until `flush`, which the caller calls at least twice a second. Every text is masked here."""

    def __init__(self, run: Run, masker: Masker) -> None:
        self._run = run
        self._masker = masker
        self._lines: list[RunLogLine] = []
        self._number = RunLogLine.objects.filter(run=run).aggregate(last=Max("number"))["last"] or 0
        self._dropped = 0

    def mask(self, text: str) -> str:
        """Without the environment's secrets."""
        return self._masker.mask(text)

    def add(self, kind: RunLogLine.Kind, text: str) -> None:
        """One line; past MOST_LINES output is counted, while the other kinds are still kept."""
        if self._number >= MOST_LINES and kind == RunLogLine.Kind.OUTPUT:
            self._dropped += 1
            return
        self._number += 1
        line = RunLogLine(run=self._run, number=self._number, kind=kind, text=self.mask(text)[:8_000])
        self._lines.append(line)
        if len(self._lines) >= FLUSH_AT:
            self.flush()

    def output(self, text: str) -> None:
        """One line that the child printed."""
        self.add(RunLogLine.Kind.OUTPUT, text)

    def flush(self) -> None:
        """Stores what is buffered."""
        if self._lines:
            RunLogLine.objects.bulk_create(self._lines)
            self._lines = []

    def close(self) -> None:
        """Stores the rest, and says what was dropped."""
        if self._dropped:
            self.add(RunLogLine.Kind.ERROR, f"{self._dropped:,} more lines of output were not kept.")
            self._dropped = 0
        self.flush()

    def step_started(self, position: int) -> None:
        """The child began a step of the plan."""
        self._step(position).update(state=RunStep.State.RUNNING, started_at=timezone.now())
        step = self._step(position).get()
        self.add(RunLogLine.Kind.REVISION, f"{step.revision} {step.message}: {_BEGINNINGS[step.action]}")
        self.flush()

    def step_applied(self, position: int) -> None:
        """The child is done with a step; whether it is committed, only the version table can tell."""
        self._step(position).update(state=RunStep.State.APPLIED, finished_at=timezone.now())
        step = self._step(position).get()
        seconds = (step.finished_at - step.started_at).total_seconds() if step.started_at and step.finished_at else 0
        self.add(RunLogLine.Kind.REVISION, f"{step.revision}: {_ENDINGS[step.action]} in {seconds:.2f} s")
        self.flush()

    def fail_running_step(self) -> None:
        """What was running when the child ended did not come to its end."""
        RunStep.objects.filter(run=self._run, state=RunStep.State.RUNNING).update(
            state=RunStep.State.FAILED, finished_at=timezone.now()
        )

    def _step(self, position: int) -> QuerySet[RunStep]:
        return RunStep.objects.filter(run=self._run, position=position)


def describe_event(event: Mapping[str, Any]) -> str:
    """A line for the log from what the child said of itself."""
    if event["event"] == "hello":
        return f"child pid {event['pid']}, Python {event['python']}, Alembic {event['alembic']}, SQLAlchemy {event['sqlalchemy']}"
    if event["event"] == "backend":
        return f"backend pid {event['pid']}"
    if event["event"] == "context":
        inside = "transactional DDL" if event["transactional_ddl"] else "no transactional DDL"
        each = ", a transaction per revision" if event["transaction_per_migration"] else ""
        return f"confirmed database and version table reached, {inside}{each}"
    return "a revision left the transaction; what it does is committed on its own"
