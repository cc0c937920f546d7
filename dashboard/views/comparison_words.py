"""How verdicts of comparisons are said and coloured."""

from __future__ import annotations

from dashboard.revisions.branches import Verdict
from dashboard.revisions.comparison import Comparison, Relation
from dashboard.revisions.touches import Judgement
from dashboard.views.badges import Badge

_RELATIONS = {
    Relation.SAME: Badge("current", "same revisions"),
    Relation.AHEAD: Badge("pending", "right is ahead"),
    Relation.BEHIND: Badge("pending", "right is behind"),
    Relation.DIVERGED: Badge("drift", "diverged"),
    Relation.UNRELATED: Badge("unknown", "nothing in common"),
}
_JUDGEMENTS = {
    Judgement.CLASH: Badge("failed", "clash"),
    Judgement.ORDER_MATTERS: Badge("pending", "order matters"),
    Judgement.INDEPENDENT: Badge("waiting", "independent"),
}
_VERDICTS = {
    Verdict.CONFLICT: Badge("failed", "conflict"),
    Verdict.MERGE_NEEDED: Badge("pending", "merge needed"),
    Verdict.CLEAN: Badge("current", "clean"),
    Verdict.NOTHING_OWN: Badge("waiting", "nothing of its own"),
}
CLEAN_ALONE = Badge("current", "clean alone")
"""Of a clean branch beside another one that goes on from the same head."""


def badge_of_comparison(comparison: Comparison, *, branches_off: bool) -> Badge | None:
    """How the right side stands to the left one; None where the ids are the same and the files are not."""
    relation = comparison.relation
    if relation is Relation.SAME and (comparison.conflicts or comparison.differing):
        return None
    if branches_off:
        side = "right" if comparison.only_right else "left"
        return Badge("pending", f"{side} adds {_count(len(comparison.only_right or comparison.only_left), 'revision')}")
    return _RELATIONS[relation]


def say_common(comparison: Comparison) -> str:
    """How much both sides have, without a full stop."""
    number = comparison.common_count
    if not number:
        return "Each begins with a base of its own"
    if comparison.differing:
        return f"{_count(number, 'revision id')} in common, {len(comparison.differing)} of them with different contents"
    if comparison.relation is Relation.SAME:
        return f"Both hold the same {_count(number, 'revision')}"
    return f"{_count(number, 'revision')} in common"


def shared_hint(comparison: Comparison) -> str:
    """What mends every conflict; empty where they need different things, or there is none."""
    hints = {conflict.hint for conflict in comparison.conflicts}
    return hints.pop() if len(hints) == 1 else ""


def say_unpredictable(comparison: Comparison) -> str:
    """Why the heads of the merged tree are not told; empty where they are."""
    if comparison.is_predictable:
        return ""
    return f"not known before the conflict{'s are' if len(comparison.conflicts) > 1 else ' is'} settled"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def badge_of_judgement(judgement: Judgement) -> Badge:
    """Of a table that both sides touch."""
    return _JUDGEMENTS[judgement]


def badge_of_verdict(verdict: Verdict | None) -> Badge:
    """Of a branch; None: it has no script directory."""
    return _VERDICTS[verdict] if verdict is not None else Badge("unversioned", "no script directory")


def title_of_verdict(comparison: Comparison) -> tuple[str, str]:
    """The headline and its tone: the first thing to settle."""
    number = len(comparison.conflicts)
    if number:
        return f"{number} conflict{'s' if number > 1 else ''} to settle", "failed"
    if comparison.merge_needed:
        return "Merge needed", "pending"
    return "No merge needed", "current"
