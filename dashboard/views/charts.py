"""Two small pictures of an environment: what was pending over time, and how long its runs took. Only arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from dashboard.models import Observation, Run
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.pending_over_time import Stretch, pending_over_time
from dashboard.revisions.status import Reason, State
from dashboard.views.badges import badge_of_run
from dashboard.views.moments import say_duration, say_exactly

HEIGHT = 56
"""Of the drawing, in pixels; its width is the page's."""
BASE = 2
"""Height of "none pending", so that it is seen."""
LABELLED = 10.0
"""A bar has its number printed where it takes so much of the width, in percent."""
LABEL = 18
"""Height that a number needs to stand in its bar, in pixels; else it stands above."""
CHANGES = 60
"""Readings that differ from the one before, at most so many, are drawn."""
RUNS = 20
RUN_PITCH = 15


@dataclass(frozen=True, slots=True)
class Bar:
    """`x` and `width` in percent of the drawing, `y` and `height` in pixels. `kind`: pending, none or unknown."""

    x: str
    width: str
    y: float
    height: float
    kind: str
    words: str
    label: str = ""
    """The number, where it has room."""
    label_x: str = ""
    label_y: float = 0


@dataclass(frozen=True, slots=True)
class PendingChart:
    """`words` say in a sentence what the drawing shows. `now`: the last bar's number, or that it is not known."""

    bars: tuple[Bar, ...]
    most: int
    now: str
    start: datetime
    words: str


@dataclass(frozen=True, slots=True)
class RunBar:
    """In pixels. `succeeded` bars are full, others hollow."""

    run: Run
    x: int
    y: float
    height: float
    succeeded: bool
    words: str


@dataclass(frozen=True, slots=True)
class RunChart:
    """Oldest first."""

    bars: tuple[RunBar, ...]
    width: int
    longest: str
    words: str


def draw_pending(graph: RevisionGraph, changes: Sequence[Observation], now: datetime) -> PendingChart | None:
    """`changes`: observations that differ from the one before, newest first. None where it was never known."""
    readings = [(o.observed_at, _rows(o)) for o in reversed(changes[:CHANGES])]
    stretches = pending_over_time(graph, readings, now)
    numbers = [stretch.pending for stretch in stretches if stretch.pending is not None]
    if not numbers:
        return None
    start, most = stretches[0].start, max(numbers)
    last = stretches[-1].pending
    at_last = "not known" if last is None else str(last)
    words = f"Pending revisions since {say_exactly(start)}: {at_last} now, {most} at most."
    span = (now - start).total_seconds()
    return PendingChart(tuple(_bar(stretch, start, span, most) for stretch in stretches), most, at_last, start, words)


def _rows(observation: Observation) -> tuple[str, ...] | None:
    state = Reason(observation.reason).state if observation.reason else None
    return None if state is State.UNREACHABLE else tuple(observation.rows)


def _bar(stretch: Stretch, start: datetime, span: float, most: int) -> Bar:
    x = (stretch.start - start).total_seconds() / span * 100
    width = (stretch.end - stretch.start).total_seconds() / span * 100
    since = f"{timezone.localtime(stretch.start):%d %b %H:%M} to {timezone.localtime(stretch.end):%d %b %H:%M}"
    if stretch.pending is None:
        return Bar(f"{x:.3f}", f"{width:.3f}", 0, HEIGHT, "unknown", f"not known, {since}")
    height = BASE + (HEIGHT - BASE) * stretch.pending / max(most, 1) if stretch.pending else BASE
    kind = "pending" if stretch.pending else "none"
    return Bar(
        f"{x:.3f}",
        f"{width:.3f}",
        round(HEIGHT - height, 1),
        round(height, 1),
        kind,
        f"{stretch.pending} pending, {since}",
        label=str(stretch.pending) if width >= LABELLED else "",
        label_x=f"{x + width / 2:.3f}",
        label_y=round(HEIGHT - height + (13 if height >= LABEL else -4), 1),
    )


def draw_runs(runs: Sequence[Run]) -> RunChart | None:
    """`runs`: newest first. None where none has a beginning and an end."""
    timed = [(run, _seconds(run)) for run in reversed(runs) if run.started_at and run.settled_at][-RUNS:]
    if not timed:
        return None
    longest = max(seconds for _run, seconds in timed)
    bars = tuple(_run_bar(run, seconds, number, longest) for number, (run, seconds) in enumerate(timed))
    words = f"How long the last {len(bars)} runs took" if len(bars) > 1 else "How long the one run took"
    return RunChart(bars, len(bars) * RUN_PITCH, say_duration(longest), words)


def _seconds(run: Run) -> float:
    assert run.started_at is not None and run.settled_at is not None
    return (run.settled_at - run.started_at).total_seconds()


def _run_bar(run: Run, seconds: float, number: int, longest: float) -> RunBar:
    height = round(max(3.0, (HEIGHT - 1) * seconds / max(longest, 0.001)), 1)
    badge = badge_of_run(run)
    words = f"Run {run.pk}: {badge.word}, {say_duration(seconds)}"
    return RunBar(run, number * RUN_PITCH + 1, HEIGHT - height, height, run.outcome == Run.Outcome.SUCCEEDED, words)
