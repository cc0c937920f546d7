"""How far an environment is behind."""

from __future__ import annotations

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import Reason, VersionReading, judge_status
from dashboard.views.distance import Distance, measure_distance

LONG = RevisionGraph([RevisionRecord(f"r{n}", down_revision=(f"r{n - 1}",) if n else ()) for n in range(30)])


def measure(graph: RevisionGraph, *rows: str, reason: Reason | None = None) -> Distance:
    return measure_distance(judge_status(graph, VersionReading(rows, reason)), graph)


def kinds(distance: Distance) -> str:
    return "".join("#" if tick.kind == "applied" else "." for tick in distance.ticks)


def test_at_head_every_tick_is_full() -> None:
    distance = measure(LONG, "r29")

    assert distance.words == "at head" and kinds(distance) == "#" * 10 and distance.width == 78


def test_the_newest_are_hollow() -> None:
    assert kinds(measure(LONG, "r26")) == "#######..."
    assert measure(LONG, "r26").words == "3 behind head"


def test_far_behind_all_are_hollow() -> None:
    assert kinds(measure(LONG, "r2")) == "." * 10


def test_an_empty_database_is_told_how_many_would_be_applied() -> None:
    assert measure(LONG, reason=Reason.NO_TABLE).words == "30 to apply"


def test_what_is_not_known_is_not_drawn() -> None:
    for distance in (
        measure(LONG, "elsewhere"),
        measure(LONG, reason=Reason.TIMEOUT),
        measure(LONG, reason=Reason.SCHEMA_NOT_EMPTY),
        measure_distance(judge_status(LONG, None), LONG),
    ):
        assert (distance.words, distance.fact) == ("distance unknown", "not known") and not distance.ticks


def test_a_short_history_has_fewer_ticks() -> None:
    graph = RevisionGraph([RevisionRecord("a"), RevisionRecord("b", down_revision=("a",))])

    assert kinds(measure(graph, "a")) == "#."
