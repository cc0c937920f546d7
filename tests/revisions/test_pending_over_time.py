"""What was pending, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.pending_over_time import Stretch, pending_over_time
from dashboard.revisions.records import RevisionRecord

T0 = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return T0 + timedelta(days=number)


GRAPH = RevisionGraph(
    (
        RevisionRecord("a", created_at=day(-10)),
        RevisionRecord("b", ("a",)),
        RevisionRecord("c", ("b",), created_at=day(3)),
    )
)
"""
a - b - c     a is old, b names no date, c is written on day 3
"""


def test_a_revision_adds_to_what_is_pending_from_its_create_date() -> None:
    found = pending_over_time(GRAPH, [(day(0), ("a",))], day(5))

    assert found == (Stretch(day(0), day(3), 1), Stretch(day(3), day(5), 2))


def test_an_upgrade_ends_what_was_pending() -> None:
    found = pending_over_time(GRAPH, [(day(0), ("a",)), (day(4), ("c",))], day(5))

    assert [stretch.pending for stretch in found] == [1, 2, 0]


def test_what_cannot_be_read_or_is_foreign_is_not_known() -> None:
    found = pending_over_time(GRAPH, [(day(0), None), (day(1), ("elsewhere",)), (day(2), ("b",))], day(2.5))

    assert found == (Stretch(day(0), day(2), None), Stretch(day(2), day(2.5), 0))


def test_an_empty_version_table_lacks_everything() -> None:
    assert pending_over_time(GRAPH, [(day(4), ())], day(5)) == (Stretch(day(4), day(5), 3),)


def test_without_a_reading_there_is_nothing_to_tell() -> None:
    assert pending_over_time(GRAPH, [], day(5)) == ()
