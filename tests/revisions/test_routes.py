"""From rows to a target, in every direction; the rows afterwards are those that Alembic itself would leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import pytest
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script.revision import Revision, RevisionMap
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from dashboard.revisions.graph import HistoryError, RevisionGraph
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.routes import Action, Direction, Route, find_route
from tests.revisions.histories import graph, histories

DIAMOND = (
    "a",
    "b <- a is left",
    "c <- a is right",
    "m <- b c",
    "n <- m",
)
"""
a - b - m - n
 `- c -'
"""
EXPAND_CONTRACT = (
    "a",
    "e1 <- a is expand",
    "e2 <- e1",
    "k1 <- a is contract",
    "k2 <- k1 needs e2",
)
"""
a - e1 - e2          (expand)
 `- k1 - k2          (contract; k2 depends on e2)
"""


def told(route: Route) -> list[str]:
    signs = {Action.UPGRADE: "+", Action.DOWNGRADE: "-", Action.STAMP: "="}
    return [signs[action] + record.revision for record, action in route.steps]


def go(lines: Sequence[str], direction: Direction, rows: str, *requested: str, permanent: Sequence[str] = ()) -> Route:
    return find_route(graph(*lines), direction, tuple(rows.split()), requested, permanent)


@pytest.mark.parametrize(
    ("rows", "requested", "steps", "result"),
    [
        ("", (), ["+a", "+b", "+c", "+m", "+n"], ("n",)),
        ("a", ("left@head",), ["+b", "+c", "+m", "+n"], ("n",)),
        ("a", ("b",), ["+b"], ("b",)),
        ("a", ("b", "c"), ["+b", "+c"], ("b", "c")),
        ("a", ("right@+1",), ["+c"], ("c",)),
        ("b c", ("+1",), None, r"LABEL@\+1"),
        ("a", ("+1",), None, "a is a branch point, followed by b and c"),
        ("c", ("b",), ["+b"], ("b", "c")),
        ("n", (), [], ("n",)),
        ("n", ("b",), [], ("n",)),
        ("m", ("a", "n"), ["+n"], ("n",)),
    ],
)
def test_an_upgrade_goes_to_heads_revisions_steps_and_branches(
    rows: str, requested: tuple[str, ...], steps: list[str] | None, result: object
) -> None:
    if steps is None:
        with pytest.raises(HistoryError, match=str(result)):
            go(DIAMOND, Direction.UPGRADE, rows, *requested)
        return

    route = go(DIAMOND, Direction.UPGRADE, rows, *requested)

    assert sorted(told(route)) == sorted(steps) and route.result == result


@pytest.mark.parametrize(
    ("rows", "requested", "steps", "result"),
    [
        ("n", ("-1",), ["-n"], ("m",)),
        ("m", ("b",), ["-m"], ("b", "c")),
        ("n", ("a",), ["-n", "-m", "-b", "-c"], ("a",)),
        ("n", ("base",), ["-n", "-m", "-b", "-c", "-a"], ()),
        ("b c", ("left@-1",), ["-b"], ("c",)),
        ("m", ("-1",), None, "m is a merge point of b and c. Name one of them"),
        ("n", ("-2",), None, "m is a merge point of b and c. Name one of them"),
        ("b c", ("-1",), None, "LABEL@-1"),
        ("b", ("n",), None, "not contained in what the database holds"),
        ("n", (), None, "Name where to go back to"),
        ("n", ("m", "a"), None, "one target"),
        ("", ("-1",), None, "past the end"),
    ],
)
def test_a_downgrade_goes_by_steps_to_a_revision_and_to_base(
    rows: str, requested: tuple[str, ...], steps: list[str] | None, result: object
) -> None:
    if steps is None:
        with pytest.raises(HistoryError, match=str(result)):
            go(DIAMOND, Direction.DOWNGRADE, rows, *requested)
        return

    route = go(DIAMOND, Direction.DOWNGRADE, rows, *requested)

    assert told(route) == steps and route.result == route.target == result


@pytest.mark.parametrize(
    ("rows", "requested", "steps", "result"),
    [
        ("", ("m",), ["=m"], ("m",)),
        ("", ("head",), ["=n"], ("n",)),
        ("gone", ("b",), ["=b"], ("b",)),
        ("gone", ("base",), [], ()),
        ("n", ("b",), ["=b"], ("b",)),
        ("b", ("c",), ["=c"], ("b", "c")),
        ("b gone", ("c",), ["=c"], ("b", "c")),
        ("b c", ("m",), ["=m"], ("m",)),
        ("m n", ("n",), [], ("n",)),
    ],
)
def test_a_stamp_replaces_rows_of_the_same_branch_and_rows_that_nobody_knows(
    rows: str, requested: tuple[str, ...], steps: list[str], result: tuple[str, ...]
) -> None:
    route = go(DIAMOND, Direction.STAMP, rows, *requested)

    assert told(route) == steps and route.result == result


def test_starting_fresh_reverts_everything_and_applies_everything() -> None:
    route = go(DIAMOND, Direction.START_FRESH, "b c")

    assert told(route)[:3] == ["-b", "-c", "-a"]
    assert sorted(told(route)[3:]) == ["+a", "+b", "+c", "+m", "+n"] and route.result == ("n",)


@pytest.mark.fault(19)
def test_several_heads_are_never_chosen_from_unless_they_are_permanent() -> None:
    lines = EXPAND_CONTRACT[:4]

    with pytest.raises(HistoryError, match=r"2 heads: e2, k1\. Name a target, or `heads` for all"):
        go(lines, Direction.UPGRADE, "a")

    assert go(lines, Direction.UPGRADE, "a", "heads").result == ("e2", "k1")
    assert go(lines, Direction.UPGRADE, "a", "expand@head").result == ("e2",)
    assert go(lines, Direction.UPGRADE, "a", permanent=("expand", "contract")).result == ("e2", "k1")


@pytest.mark.fault(19)
def test_a_head_beside_the_permanent_ones_asks_for_a_target() -> None:
    lines = (*EXPAND_CONTRACT[:4], "x <- e1")

    with pytest.raises(HistoryError, match="e2, x are not among the permanent ones"):
        go(lines, Direction.UPGRADE, "a", permanent=("expand", "contract"))

    assert extra_heads(graph(*EXPAND_CONTRACT), ("expand", "contract")) == ()
    assert extra_heads(graph(*EXPAND_CONTRACT, "alone"), ("expand", "contract")) == ("alone",)


def test_the_target_heads_takes_in_a_head_that_another_depends_on() -> None:
    route = go(EXPAND_CONTRACT, Direction.UPGRADE, "", "heads")

    assert route.target == ("k2",) and route.result == ("k2",)
    assert [record.revision for record, _ in route.steps][-1] == "k2"


def alembic_rows(
    records: Sequence[RevisionRecord], rows: Iterable[str], steps: Iterable[tuple[str, Action]]
) -> set[str]:
    """Rows of a real version table after Alembic's own bookkeeping of these steps."""

    def load() -> list[Revision]:
        made = [
            Revision(r.revision, r.down_revision or None, r.depends_on or None, r.branch_labels or None)
            for r in records
        ]
        for revision in made:
            revision.module = SimpleNamespace(upgrade=None, downgrade=None)  # type: ignore[attr-defined]
        return made

    revision_map = RevisionMap(load)
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection)
        context._ensure_version_table()
        for row in rows:
            connection.execute(context._version.insert().values(version_num=row))
        maintainer = HeadMaintainer(context, tuple(rows))
        for revision, action in steps:
            script = revision_map.get_revision(revision)
            make = (
                MigrationStep.upgrade_from_script if action is Action.UPGRADE else MigrationStep.downgrade_from_script
            )
            maintainer.update_to_step(make(revision_map, script))  # type: ignore[arg-type]
        return set(context.get_current_heads())


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_rows_afterwards_are_those_of_alembics_own_bookkeeping(data: st.DataObject) -> None:
    records = data.draw(histories(most=10))
    history = RevisionGraph(records)
    ids = st.sampled_from(sorted(history.records))
    first = find_route(history, Direction.UPGRADE, (), (data.draw(ids),))
    target, back = data.draw(ids), data.draw(st.sampled_from([*sorted(history.ancestors(first.result)), "base"]))

    for rows, direction, requested in (
        ((), Direction.UPGRADE, first.target[0]),
        (first.result, Direction.UPGRADE, target),
        (first.result, Direction.DOWNGRADE, back),
    ):
        try:
            route = find_route(history, direction, rows, (requested,))
        except HistoryError:
            assert direction is Direction.DOWNGRADE, "Alembic goes down to what a row builds on, not to a dependency"
            continue
        steps = [(record.revision, action) for record, action in route.steps]
        assert alembic_rows(records, rows, steps) == set(route.result), (direction, rows, requested)
