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
        # Killed between its COMMIT and its last word; and a worker that died, which knows nothing of commits.
        ({"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": 3}, Outcome.SUCCEEDED),
        ({"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": None}, Outcome.SUCCEEDED),
        # A revision that commits in its middle.
        ({"steps_committing": 1}, Outcome.INDETERMINATE),
        ({"child_finished": True, "steps_committing": 2}, Outcome.INDETERMINATE),
        # SQLite: a revision that was begun and is not recorded may be there in part.
        ({"dialect": Dialect.SQLITE, "rows_after": ("r2",), "steps_in_database": 1}, Outcome.INDETERMINATE),
        (
            {"dialect": Dialect.SQLITE, "rows_after": ("r2",), "steps_in_database": 1, "steps_started": 1},
            Outcome.PARTIAL,
        ),
        # Somebody else meanwhile.
        ({"rows_after": ("r2",), "steps_in_database": 1, "steps_committing": 0}, Outcome.ROLLED_BACK),
        ({"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": 0}, Outcome.ROLLED_BACK),
        ({"rows_after": ("x9",), "steps_in_database": None, "steps_committing": 0}, Outcome.ROLLED_BACK),
        ({"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": 1}, Outcome.PARTIAL),
        ({"rows_after": ("x9",), "steps_in_database": None, "steps_committing": 1}, Outcome.INDETERMINATE),
        (
            {"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": 0, "left_transaction": True},
            Outcome.SUCCEEDED,
        ),
        (
            {"rows_after": ("r4",), "steps_in_database": 3, "steps_committing": 0, "dialect": Dialect.SQLITE},
            Outcome.INDETERMINATE,
        ),
        (
            {
                "rows_after": ("r9",),
                "steps_in_database": None,
                "is_beyond_target": True,
                "child_finished": True,
                "steps_committing": 3,
            },
            Outcome.SUCCEEDED,
        ),
        ({"rows_after": None}, None),
        ({"live_sessions": 1, "rows_after": ("r4",)}, None),
        ({"live_sessions": -1}, None),
    ],
)
def test_it_says_what_the_database_shows(changes: dict[str, object], outcome: Outcome | None) -> None:
    verdict = judge_outcome(evidence(**changes))

    assert verdict.outcome == outcome
    assert verdict.evidence


EVERY_COMBINATION = itertools.product(
    Dialect,
    (0, 1, -1),  # live sessions
    (None, ("r1",), ("r2",), ("r4",), ("x9",)),  # rows afterwards
    (("", ""), ("aaa", ""), ("aaa", "aaa"), ("aaa", "bbb")),  # schema before and after
    (0, 1, 2, 3),  # steps started
    (None, 0, 1, 3),  # steps committing
    (True, False),  # the child finished
    (True, False),  # a revision left the transaction
    (True, False),  # transactional DDL
    (True, False),  # later revisions are there, too
)
STEPS_OF_ROWS = {("r1",): 0, ("r2",): 1, ("r4",): 3}


def test_of_every_combination_each_outcome_has_its_proof() -> None:
    seen: set[Outcome | None] = set()
    for (
        dialect, sessions, after, (schema_before, schema_after), started, committing, finished, left, ddl, beyond,
    ) in EVERY_COMBINATION:  # fmt: skip
        is_beyond = beyond and after == ("x9",)
        found = evidence(
            dialect=dialect, live_sessions=sessions, rows_after=after, schema_before=schema_before,
            schema_after=schema_after, steps_started=started, steps_committing=committing, child_finished=finished,
            left_transaction=left, transactional_ddl=ddl, is_beyond_target=is_beyond,
            steps_in_database=STEPS_OF_ROWS.get(after) if after else None,
        )  # fmt: skip

        verdict = judge_outcome(found)

        seen.add(verdict.outcome)
        assert verdict.evidence
        schema_is_same = schema_before == schema_after == "aaa"
        never_committed = committing == 0 and not left and not finished
        match verdict.outcome:
            case None:
                assert sessions or after is None
            case Outcome.ROLLED_BACK:
                assert dialect is Dialect.POSTGRESQL and not left and not finished and not sessions
                assert (after == ("r1",) and schema_is_same and not committing) or (never_committed and ddl)
            case Outcome.UNCHANGED:
                assert after == ("r1",) and not (schema_before and schema_after and not schema_is_same)
                assert not committing and (started == 0 or schema_is_same)
            case Outcome.SUCCEEDED:
                assert after == ("r4",) or is_beyond
                assert finished or left or committing in (None, 3)
            case Outcome.PARTIAL:
                assert after in {("r2",), ("r4",)}
                assert dialect is Dialect.POSTGRESQL or started <= 1
            case Outcome.INDETERMINATE:
                assert after is not None and not sessions

    assert seen == {*Outcome, None} - {Outcome.REFUSED}
