"""Start fresh is one run of two halves, down to base and up again: what the half that was judged makes of the whole."""

from __future__ import annotations

from dashboard.gate.outcome import Outcome, Verdict

_UNDONE = {Outcome.UNCHANGED, Outcome.ROLLED_BACK}


def judge_whole(verdict: Verdict, *, is_first: bool, is_last: bool) -> Verdict:
    """`verdict` is of the last half that was begun; the one before it, where there is one, is known to have succeeded."""
    if verdict.outcome is Outcome.SUCCEEDED and not is_last:
        words = "Everything was reverted; applying had not begun when the run ended."
        return Verdict(Outcome.PARTIAL, (*verdict.evidence, words))
    if verdict.outcome in _UNDONE and not is_first:
        words = "Everything had been reverted before, and read to be so; nothing of the upgrade is left."
        return Verdict(Outcome.PARTIAL, (*verdict.evidence, words))
    return verdict
