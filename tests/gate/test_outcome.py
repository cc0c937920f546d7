"""The outcome of a run, from every combination of evidence."""

from __future__ import annotations

import itertools

import pytest

from dashboard.database_target import Dialect
from dashboard.gate.outcome import Evidence, Outcome, judge_outcome


def evidence(**changes: object) -> Evidence:
    values: dict[str, object] = {
        "dialect": Dialect.POSTGRESQL,
        "live_sessions": 0,
        "rows_before": ("r1",),
        "rows_target": ("r4",),
        "rows_after": ("r1",),
        "schema_before": "aaa",
        "schema_after": "aaa",
        "steps_total": 3,
        "steps_started": 2,
        "steps_in_database": 0,
        "child_finished": False,
    }
    return Evidence(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.ROLLED_BACK),
        ({"child_finished": True}, Outcome.UNCHANGED),
        ({"steps_started": 0}, Outcome.UNCHANGED),
        ({"schema_after": "bbb"}, Outcome.INDETERMINATE),
        ({"schema_after": ""}, Outcome.INDETERMINATE),
        ({"left_transaction": True}, Outcome.INDETERMINATE),
        ({"dialect": Dialect.SQLITE}, Outcome.INDETERMINATE),
        ({"dialect": Dialect.SQLITE, "steps_started": 0}, Outcome.UNCHANGED),
        ({"rows_after": ("r4",), "schema_after": "bbb", "steps_in_database": 3}, Outcome.SUCCEEDED),
        ({"rows_after": ("r2",), "schema_after": "bbb", "steps_in_database": 1}, Outcome.PARTIAL),
        ({"rows_after": ("x9",), "steps_in_database": None}, Outcome.INDETERMINATE),
        ({"rows_after": None}, None),
        ({"live_sessions": 1, "rows_after": ("r4",)}, None),
        ({"live_sessions": -1}, None),
    ],
)
def test_it_says_what_the_database_shows(changes: dict[str, object], outcome: Outcome | None) -> None:
    verdict = judge_outcome(evidence(**changes))

    assert verdict.outcome == outcome
    assert verdict.evidence


def test_it_never_says_rolled_back_without_proof() -> None:
    combinations = itertools.product(
        Dialect, (0, 1, -1), (None, ("r1",), ("r2",), ("r4",), ("x9",)), ("", "aaa"), ("", "aaa", "bbb"),
        (0, 2), (0, 1, 3, None), (True, False), (True, False),
    )  # fmt: skip
    seen: set[Outcome | None] = set()
    for (
        dialect,
        sessions,
        after,
        before_digest,
        after_digest,
        started,
        in_database,
        finished,
        left,
    ) in combinations:
        verdict = judge_outcome(
            evidence(
                dialect=dialect, live_sessions=sessions, rows_after=after, schema_before=before_digest,
                schema_after=after_digest, steps_started=started, steps_in_database=in_database,
                child_finished=finished, left_transaction=left,
            )
        )  # fmt: skip
        seen.add(verdict.outcome)

        if verdict.outcome is Outcome.ROLLED_BACK:
            assert dialect is Dialect.POSTGRESQL and not left and after == ("r1",)
            assert before_digest == after_digest == "aaa"
        if verdict.outcome is None:
            assert sessions or after is None

    assert seen == {*Outcome, None} - {Outcome.REFUSED}
