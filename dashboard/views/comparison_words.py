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


def badge_of_relation(relation: Relation) -> Badge:
    """How the right side stands to the left one."""
    return _RELATIONS[relation]


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
