"""The arithmetic of the two small pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.models import Observation, Run
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord
from dashboard.views.charts import HEIGHT, draw_pending, draw_runs

T0 = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GRAPH = RevisionGraph((RevisionRecord("a"), RevisionRecord("b", ("a",)), RevisionRecord("c", ("b",))))


def seen(minute: int, *rows: str, reason: str = "") -> Observation:
    return Observation(rows=list(rows), reason=reason, observed_at=T0 + timedelta(minutes=minute))


def took(pk: int, seconds: float, outcome: str = Run.Outcome.SUCCEEDED) -> Run:
    return Run(
        pk=pk, phase=Run.Phase.SETTLED, outcome=outcome, started_at=T0, settled_at=T0 + timedelta(seconds=seconds)
    )


def test_the_bars_fill_the_width_and_the_most_fills_the_height() -> None:
    chart = draw_pending(GRAPH, (seen(30, "c"), seen(0, "a")), T0 + timedelta(minutes=40))

    assert chart is not None and chart.most == 2
    assert [(bar.x, bar.width, bar.kind) for bar in chart.bars] == [
        ("0.000", "75.000", "pending"), ("75.000", "25.000", "none"),
    ]  # fmt: skip
    assert chart.bars[0].height == HEIGHT and chart.bars[0].words == "2 pending, 23 Nov 10:00 to 23 Nov 10:30"
    assert chart.words == "Pending revisions since 23 Nov 2026, 10:00:00 UTC: 0 now, 2 at most."


def test_a_number_stands_in_a_high_bar_above_a_low_one_and_not_in_a_narrow_one() -> None:
    chart = draw_pending(
        GRAPH, (seen(34, "a"), seen(32, "c"), seen(20, "b"), seen(10, "c"), seen(0, "a")), T0 + timedelta(minutes=40)
    )

    assert chart is not None and chart.now == "2"
    assert [bar.label for bar in chart.bars] == ["2", "0", "1", "", "2"]
    tall, low = chart.bars[0], chart.bars[1]
    assert (
        tall.y < tall.label_y < HEIGHT and low.label_y < low.y and (tall.label_x, low.label_x) == ("12.500", "37.500")
    )


def test_what_could_not_be_read_is_drawn_as_unknown_never_as_none() -> None:
    chart = draw_pending(GRAPH, (seen(20, reason="refused"), seen(0, "a")), T0 + timedelta(minutes=40))

    assert chart is not None and [bar.kind for bar in chart.bars] == ["pending", "unknown"]
    assert "not known now" in chart.words and chart.now == "not known"


def test_runs_stand_oldest_first_and_a_failed_one_is_hollow() -> None:
    chart = draw_runs((took(9, 10), took(8, 20, Run.Outcome.ROLLED_BACK)))

    assert chart is not None and [bar.run.pk for bar in chart.bars] == [8, 9]
    assert [bar.succeeded for bar in chart.bars] == [False, True]
    assert chart.bars[1].words == "Run 9: succeeded, 10.0 s" and chart.longest == "20.0 s"


def test_without_readings_or_runs_nothing_is_drawn() -> None:
    assert draw_pending(GRAPH, (), T0) is None
    assert draw_pending(GRAPH, (seen(0, reason="refused"),), T0 + timedelta(minutes=40)) is None
    assert draw_runs((Run(pk=1, phase=Run.Phase.QUEUED),)) is None
