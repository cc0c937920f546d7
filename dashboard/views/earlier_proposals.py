"""The revision files that were asked for before, as the page for a new one lists them."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import RevisionProposal
from dashboard.views.badges import Badge
from dashboard.views.proposal_words import badge_of_proposal

SHOWN = 20


@dataclass(frozen=True, slots=True)
class EarlierProposal:
    """One line of the list. `origin`: what the file was to be made from."""

    proposal: RevisionProposal
    badge: Badge
    origin: str


@dataclass(frozen=True, slots=True)
class EarlierProposals:
    """The newest first. `total`: how many there are, shown or not."""

    lines: tuple[EarlierProposal, ...]
    total: int


def list_earlier(project: str, everything: bool = False) -> EarlierProposals:
    """The newest SHOWN of a project, or all of them."""
    found = RevisionProposal.objects.filter(project=project).select_related("created_by")
    wanted = found.defer("content", "sql", "differences")
    lines = tuple(
        EarlierProposal(one, badge_of_proposal(one.state), _say_origin(one))
        for one in (wanted if everything else wanted[:SHOWN])
    )
    return EarlierProposals(lines, len(lines) if everything or len(lines) < SHOWN else found.count())


def _say_origin(proposal: RevisionProposal) -> str:
    if proposal.kind == RevisionProposal.Kind.MERGE:
        return f"merge of {', '.join(proposal.heads)}"
    return f"models beside {proposal.environment}"
