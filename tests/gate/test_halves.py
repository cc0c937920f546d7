"""The two halves of start fresh: what one half's end means for the whole run."""

from __future__ import annotations

import pytest

from dashboard.gate.halves import judge_whole
from dashboard.gate.outcome import Outcome, Verdict


@pytest.mark.parametrize(
    ("outcome", "is_first", "is_last", "whole"),
    [
        (Outcome.SUCCEEDED, True, True, Outcome.SUCCEEDED),
        (Outcome.ROLLED_BACK, True, True, Outcome.ROLLED_BACK),
        (Outcome.SUCCEEDED, True, False, Outcome.PARTIAL),
        (Outcome.ROLLED_BACK, True, False, Outcome.ROLLED_BACK),
        (Outcome.UNCHANGED, True, False, Outcome.UNCHANGED),
        (Outcome.PARTIAL, True, False, Outcome.PARTIAL),
        (Outcome.SUCCEEDED, False, True, Outcome.SUCCEEDED),
        (Outcome.ROLLED_BACK, False, True, Outcome.PARTIAL),
        (Outcome.UNCHANGED, False, True, Outcome.PARTIAL),
        (Outcome.PARTIAL, False, True, Outcome.PARTIAL),
        (Outcome.INDETERMINATE, False, True, Outcome.INDETERMINATE),
        (None, True, False, None),
        (None, False, True, None),
    ],
)
def test_the_whole_is_never_called_better_than_both_halves_are(
    outcome: Outcome | None, is_first: bool, is_last: bool, whole: Outcome | None
) -> None:
    verdict = judge_whole(Verdict(outcome, ("seen",)), is_first=is_first, is_last=is_last)

    assert verdict.outcome is whole and verdict.evidence[0] == "seen"
    assert (len(verdict.evidence) == 2) == (whole is not outcome)
