"""What people did, and how their runs ended: the lines of the audit log, whatever table they were written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from dashboard.models import (
    Acceptance,
    Backup,
    Confirmation,
    Intervention,
    Plan,
    Proof,
    Rehearsal,
    RehearsalOverride,
    Replacement,
    RevisionProposal,
    Run,
)
from dashboard.views.act_words import (
    Act,
    acceptance_act,
    backup_act,
    confirmation_act,
    deletion_act,
    file_act,
    intervention_act,
    override_act,
    plan_act,
    proof_act,
    rehearsal_act,
    run_act,
)


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Empty: all. `kind`: one of KINDS; `before`: only older ones."""

    project: str = ""
    environment: str = ""
    who: str = ""
    kind: str = ""
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """A table with where it keeps environment, person and time, and how one of its rows reads."""

    found: Callable[[], QuerySet[Any]]
    environment: str
    person: str
    at: str
    tell: Callable[[Any], Act]


def list_acts(chosen: ActFilter, limit: int) -> tuple[Act, ...]:
    """Newest first, at most `limit`."""
    sources = [source for kind, source in _SOURCES.items() if chosen.kind in {"", kind}]
    acts = [source.tell(row) for source in sources for row in _newest(source, chosen)[:limit]]
    return tuple(sorted(acts, key=lambda act: act.at, reverse=True)[:limit])


def iterate_acts(chosen: ActFilter) -> Iterator[Act]:
    """All of them, newest first, a part at a time, so that years of them do not fill the memory."""
    part = list_acts(chosen, _PART)
    while part:
        yield from part
        part = list_acts(_older(chosen, part[-1].at), _PART)


_PART = 500


def _older(chosen: ActFilter, before: datetime) -> ActFilter:
    return ActFilter(chosen.project, chosen.environment, chosen.who, chosen.kind, before)


def _newest(source: _Source, chosen: ActFilter) -> QuerySet[Any]:
    wanted = {
        f"{source.environment}project": chosen.project,
        f"{source.environment}environment": chosen.environment,
        f"{source.person}__username": chosen.who,
        f"{source.at}__lt": chosen.before,
    }
    return source.found().filter(**{key: value for key, value in wanted.items() if value}).order_by(f"-{source.at}")


_SOURCES: dict[str, _Source] = {
    "plan": _Source(lambda: Plan.objects.select_related("created_by"), "", "created_by", "created_at", plan_act),
    "backup": _Source(lambda: Backup.objects.select_related("created_by"), "", "created_by", "created_at", backup_act),
    "proof": _Source(
        # Each backup has a first one, which nobody asks for by itself.
        lambda: Proof.objects.filter(backup__proofs__pk__lt=F("pk")).distinct().select_related("requested_by", "backup"),
        "backup__", "requested_by", "requested_at", proof_act,
    ),
    "rehearsal": _Source(
        # Those that began by themselves nobody asked for.
        lambda: Rehearsal.objects.exclude(requested_by=None).select_related("requested_by", "plan"),
        "plan__", "requested_by", "requested_at", rehearsal_act,
    ),
    "override": _Source(
        lambda: RehearsalOverride.objects.select_related("given_by", "rehearsal__plan"),
        "rehearsal__plan__", "given_by", "given_at", override_act,
    ),
    "acceptance": _Source(
        lambda: Acceptance.objects.select_related("accepted_by"), "", "accepted_by", "accepted_at", acceptance_act
    ),
    "confirmation": _Source(
        lambda: Confirmation.objects.select_related("plan", "confirmed_by", "run"),
        "plan__", "confirmed_by", "created_at", confirmation_act,
    ),
    "intervention": _Source(
        lambda: Intervention.objects.select_related("requested_by", "run"),
        "run__", "requested_by", "requested_at", intervention_act,
    ),
    "deletion": _Source(
        lambda: Replacement.objects.exclude(deletion_requested_at=None).select_related("deletion_requested_by", "run"),
        "run__", "deletion_requested_by", "deletion_requested_at", deletion_act,
    ),
    "file": _Source(
        lambda: RevisionProposal.objects.exclude(written_at=None).select_related("written_by"),
        "", "written_by", "written_at", file_act,
    ),
    "run": _Source(
        lambda: Run.objects.filter(phase=Run.Phase.SETTLED), "", "confirmation__confirmed_by", "settled_at", run_act
    ),
}  # fmt: skip
KINDS = tuple(_SOURCES)
