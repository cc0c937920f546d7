"""A run's revisions with their times, and its log, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.models import Activity, Run, RunLogLine, RunStep
from dashboard.usecases.expect_durations import DurationRange, Known, expect_rest
from dashboard.views.activity_words import ProgressView, say_rest, view_activity
from dashboard.views.badges import Badge, badge_of_run, tone_of_step
from dashboard.views.moments import say_duration
from dashboard.views.run_actions import say_expected

LOG_TAIL = 500
"""Lines shown on the page; the whole log is a link."""
TONES = {"succeeded": "good", "failed": "bad", "partial": "bad", "unknown": "bad"}


@dataclass(frozen=True, slots=True)
class StepView:
    """`elapsed`: so far while it runs, empty before it starts. `expected`: what earlier runs took."""

    step: RunStep
    tone: str
    words: str
    elapsed: str
    expected: str


@dataclass(frozen=True, slots=True)
class RunView:
    """`title` is for the browser's tab: it tells the progress where nobody looks at the page."""

    run: Run
    badge: Badge
    title: str
    steps: tuple[StepView, ...]
    applied: int
    elapsed: str
    tone: str
    progress: ProgressView | None
    """While it runs: of its revisions, or of the backup that it restores."""

    @property
    def is_undone(self) -> bool:
        """What was executed is not there any more."""
        return self.run.outcome in UNDONE

    @property
    def total(self) -> int:
        """Number of revisions."""
        return len(self.steps)


@dataclass(frozen=True, slots=True)
class LogView:
    """The end of the log. `first` and `last` are line numbers; 0 when it is empty."""

    lines: tuple[RunLogLine, ...]
    total: int
    last: int


def view_run(
    run: Run,
    steps: Sequence[RunStep],
    now: datetime,
    expected: Known | None = None,
    restoring: Activity | None = None,
    *,
    project_title: str,
) -> RunView:
    """Computes every time and count that the page shows. `expected`: (revision, action) -> what it took before.

    `restoring`: of a run that restores a backup, what is done at the moment.
    """
    known = expected or {}
    views = tuple(_view_step(run, step, now, known.get((step.revision, step.action))) for step in steps)
    applied = sum(step.state == RunStep.State.APPLIED for step in steps)
    progress = f"{applied} of {len(steps)}" if steps else ""
    badge = badge_of_run(run, progress)
    end = run.settled_at or now
    going = _view_progress(run, steps, now, known, restoring)
    told = progress or (f"{going.kind} {going.share}".strip() if going else "")
    title = f"{told if run.is_live and told else badge.word} · Run {run.pk} of {project_title} / {run.environment}"
    return RunView(
        run=run,
        badge=badge,
        title=title,
        steps=views,
        applied=applied,
        elapsed=say_duration((end - run.started_at).total_seconds()) if run.started_at else "",
        tone=TONES.get(badge.tone, "calm"),
        progress=going,
    )


def view_log(run: Run, after: int = 0) -> LogView:
    """The last lines; with `after`, only those with a higher number."""
    lines = RunLogLine.objects.filter(run=run)
    newest = tuple(reversed(lines.filter(number__gt=after).order_by("-number")[:LOG_TAIL]))
    return LogView(newest, lines.count(), newest[-1].number if newest else after)


def _view_progress(
    run: Run, steps: Sequence[RunStep], now: datetime, known: Known, restoring: Activity | None
) -> ProgressView | None:
    if run.phase != Run.Phase.RUNNING:
        return None
    if not steps:
        return view_activity(restoring, now) if restoring else None
    left = [step for step in steps if step.state != RunStep.State.APPLIED]
    since = left[0].started_at if left else None
    rest = expect_rest(
        [(step.revision, step.action) for step in left],
        known,
        spent=(now - since).total_seconds() if since else 0.0,
    )
    done = len(steps) - len(left)
    return ProgressView(
        f"{done} of {len(steps)} executed", since=run.started_at, rest=say_rest(rest), value=done, limit=len(steps)
    )


def _view_step(run: Run, step: RunStep, now: datetime, expected: DurationRange | None) -> StepView:
    elapsed = ""
    if step.started_at:
        end = step.finished_at or (now if run.is_live else run.settled_at) or now
        elapsed = say_duration((end - step.started_at).total_seconds())
    words = _say_state(run, step)
    is_kept = step.state != RunStep.State.APPLIED or words in _KEPT
    tone = tone_of_step(step.state) if is_kept else "waiting"
    return StepView(step, tone, words, elapsed, say_expected(expected))


def _say_state(run: Run, step: RunStep) -> str:
    """What the child said about the revision; what is in the database is told by the outcome alone."""
    if step.state == RunStep.State.WAITING:
        return "waiting" if run.is_live else "not started"
    if step.state == RunStep.State.RUNNING:
        return "running" if run.is_live else "did not end"
    if step.state != RunStep.State.APPLIED:
        return step.state
    if run.outcome in UNDONE:
        return "executed, then undone with the transaction"
    if run.phase == Run.Phase.UNSETTLED:
        return "executed; whether it stays is not known yet"
    if run.is_live and run.transactional_ddl and step.position > (run.steps_committing or 0):
        return "executed, not committed yet"
    if run.outcome == Run.Outcome.INDETERMINATE and not _is_recorded(run, step):
        return "executed; the version table does not tell so"
    return _DONE[step.action]


def _is_recorded(run: Run, step: RunStep) -> bool:
    """The rows that were read afterwards are those of this step of an upgrade, or of a later one."""
    later = run.steps.filter(position__gte=step.position).values_list("revision", flat=True)
    return step.action != RunStep.Action.UPGRADE or bool(set(later) & set(run.rows_after or []))


UNDONE = frozenset({Run.Outcome.ROLLED_BACK, Run.Outcome.UNCHANGED})
_DONE: dict[str, str] = {
    RunStep.Action.UPGRADE: "applied",
    RunStep.Action.DOWNGRADE: "reverted",
    RunStep.Action.STAMP: "stamped",
}
_KEPT = frozenset(_DONE.values())
"""Words of what is known to stay."""
