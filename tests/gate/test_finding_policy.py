"""Which findings keep the gate closed."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.gate.finding_policy import FindingFacts, judge_findings


def facts(**given: Any) -> FindingFacts:
    return FindingFacts(**{"looked": True, "error": "", "number": 0, "required": 0, "open": 0, **given})


@pytest.mark.parametrize(
    ("given", "met", "words"),
    [
        ({}, True, "No findings"),
        ({"looked": False}, False, "still being written"),
        ({"error": "env.py fails"}, True, "no more is known than the files tell. No findings"),
        ({"error": "env.py fails", "number": 1, "required": 1, "open": 1}, False, "1 finding is not accepted."),
        ({"number": 3}, True, "3 findings, none of which must be accepted."),
        ({"number": 2, "required": 2}, True, "2 findings, accepted."),
        ({"number": 3, "required": 1}, True, "3 findings, 1 of which had to be accepted and is."),
        ({"number": 3, "required": 1, "open": 1}, False, "1 finding is not accepted."),
        ({"number": 5, "required": 5, "open": 4}, False, "4 findings are not accepted."),
    ],
)
def test_it_says_what_is_known_and_closes_only_for_what_is_open(given: dict[str, Any], met: bool, words: str) -> None:
    condition = judge_findings(facts(**given))

    assert condition.met is met and words in condition.words
