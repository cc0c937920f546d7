"""What a person can do about a live run, and who holds it up, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from dashboard.models import Intervention, Run
from dashboard.revisions.plan import Direction
from dashboard.usecases.expect_durations import DurationRange
from dashboard.usecases.read_contention import Contention, ContentionRow
from dashboard.usecases.terminate_session import is_lost
from dashboard.views.moments import say_duration, say_range


@dataclass(frozen=True, slots=True)
class RunAction:
    """`kind`: cancellation, termination, or empty. `asked`: who did already; then there is no button."""

    kind: str
    asked: str
    words: str

    @property
    def key(self) -> str:
        """Changes whenever the page must show something else."""
        return sha256(f"{self.kind} {self.asked} {self.words}".encode()).hexdigest()[:8] if self.kind else "none"


@dataclass(frozen=True, slots=True)
class ContentionView:
    """`words`: how long it has waited of what it may; `value` of `limit` seconds for a bar, 0 where it does not wait."""

    rows: tuple[tuple[ContentionRow, str], ...]
    words: str
    value: float
    limit: float
    is_left_over: bool


def offer_action(run: Run, *, may_act: bool) -> RunAction:
    """For those who may confirm runs; everybody sees that somebody has asked."""
    kind = _kind(run)
    if not kind:
        return RunAction("", "", "")
    request = run.interventions.filter(kind=kind, answered_at=None).select_related("requested_by").first()
    asked = request.requested_by.get_username() if request else ""
    if not (may_act or asked):
        return RunAction("", "", "")
    return RunAction(kind, asked, _words(run, kind, asked))


def view_contention(found: Contention | None) -> ContentionView | None:
    """With every duration in words."""
    if found is None:
        return None
    rows = tuple((row, "" if row.seconds is None else say_duration(row.seconds)) for row in found.rows)
    is_left_over = all(row.part == "left" for row in found.rows)
    if found.waited is None:
        return ContentionView(rows, "", 0.0, 0.0, is_left_over)
    words = f"waiting {say_duration(found.waited)}"
    if found.lock_timeout:
        words += f", stops at {say_duration(found.lock_timeout)} (lock timeout)"
    return ContentionView(rows, words, min(found.waited, found.lock_timeout), found.lock_timeout, is_left_over)


def say_expected(expected: DurationRange | None) -> str:
    """`took 0.12 to 0.15 s before, in 3 runs`, or `rehearsed 0.12 s`; empty where it was never done."""
    if expected is None:
        return ""
    if expected.is_rehearsed:
        return f"rehearsed {say_range(expected.least, expected.most)}"
    runs = "1 run" if expected.number == 1 else f"{expected.number} runs"
    return f"took {say_range(expected.least, expected.most)} in {runs} before"


def _kind(run: Run) -> str:
    if run.phase == Run.Phase.QUEUED:
        return Intervention.Kind.CANCELLATION
    if run.phase == Run.Phase.RUNNING and not is_lost(run):
        return Intervention.Kind.CANCELLATION
    has_left = any(entry["part"] == "left" for entry in run.contention)
    return Intervention.Kind.TERMINATION if run.is_live and has_left else ""


def _words(run: Run, kind: str, asked: str) -> str:
    if kind == Intervention.Kind.TERMINATION:
        if asked:
            return f"{asked} has asked to end the session. The observer does it within seconds."
        return "Ends only what this run left behind, and nobody else's session. Its open transaction is rolled back."
    if asked:
        return f"{asked} has cancelled it. It ends within two seconds."
    if run.phase == Run.Phase.QUEUED:
        return "No worker has taken it yet: nothing is changed. The backup stays good."
    if run.confirmation.plan.direction == Direction.RESTORE:
        return "Ends the restore within two seconds. Until the restored database takes its place, nothing is changed."
    if run.steps_committing:
        return "Ends the current statement within two seconds. What is committed already stays applied."
    return "Ends the current statement within two seconds. Nothing is committed so far."
