"""What the rehearsals of a plan on a backup showed: for the gate, for the page, and for the run that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard.gate.lock_modes import BLOCKING_MODES
from dashboard.gate.rehearsal_policy import NO_REHEARSAL, LongestLock, Override, RehearsalFacts, RehearsalPolicy
from dashboard.models import Backup, Plan, Rehearsal, RehearsalOverride, RehearsedRevision
from dashboard.sources.configuration import Environment

State = Rehearsal.State


@dataclass(frozen=True, slots=True)
class RehearsedStep:
    """One step of a plan over all its rehearsals on one backup that came to their end."""

    newest: RehearsedRevision
    """Locks, rewritten files, WAL, rows and statements are those of the newest: they repeat."""
    least_seconds: float
    most_seconds: float


@dataclass(frozen=True, slots=True)
class RehearsalSummary:
    """All rehearsals of a plan on a backup that came to their end."""

    newest: Rehearsal
    number: int
    steps: tuple[RehearsedStep, ...]
    """In the order of execution."""
    least_seconds: float
    most_seconds: float

    @property
    def rewritten(self) -> int:
        """Bytes of tables and indexes written anew, of all steps."""
        return sum(_rewritten(step.newest) for step in self.steps)

    @property
    def wal_bytes(self) -> int:
        """Of all steps."""
        return sum(step.newest.wal_bytes or 0 for step in self.steps)

    @property
    def rows(self) -> int:
        """Touched, of all steps."""
        return sum(step.newest.rows or 0 for step in self.steps)


def rehearsals_of(plan: Plan, backup: Backup | None) -> tuple[Rehearsal, ...]:
    """The newest first. Of whatever plan with the same fingerprint: it is the same plan."""
    if backup is None:
        return ()
    return tuple(Rehearsal.objects.filter(fingerprint=plan.fingerprint, backup=backup).order_by("-pk"))


def rehearsal_policy(environment: Environment) -> RehearsalPolicy | None:
    """None: the environment asks for no rehearsal."""
    asked = environment.rehearsal
    return RehearsalPolicy(asked.max_lock, asked.max_rewrite) if asked else None


def rehearsal_facts(plan: Plan, backup: Backup | None) -> RehearsalFacts:
    """What the gate judges; waits for nothing."""
    rehearsals = rehearsals_of(plan, backup)
    if not rehearsals:
        return NO_REHEARSAL
    judged = [r for r in rehearsals if r.state in {State.PASSED, State.FAILED}]
    ended = judged or [r for r in rehearsals if r.state == State.UNAVAILABLE]
    passed = [r for r in judged if r.state == State.PASSED]
    revisions = tuple(RehearsedRevision.objects.filter(rehearsal__in=passed))
    return RehearsalFacts(
        is_working=any(r.state in Rehearsal.LIVE for r in rehearsals),
        has_passed=bool(judged) and judged[0].state == State.PASSED,
        number=len(passed),
        error=ended[0].error if ended else "",
        longest_lock=longest_lock(revisions),
        rewritten=max((_sum_rewritten(revisions, r) for r in passed), default=0),
        override=_read_override(rehearsals),
    )


def summarize_rehearsals(plan: Plan, backup: Backup | None) -> RehearsalSummary | None:
    """None where none came to its end."""
    passed = [r for r in rehearsals_of(plan, backup) if r.state == State.PASSED]
    if not passed:
        return None
    revisions = tuple(RehearsedRevision.objects.filter(rehearsal__in=passed))
    seconds: dict[int, list[float]] = {}
    for revision in revisions:
        seconds.setdefault(revision.position, []).append(revision.seconds or 0.0)
    newest = sorted((r for r in revisions if r.rehearsal_id == passed[0].pk), key=lambda r: r.position)
    whole = [r.seconds or 0.0 for r in passed]
    return RehearsalSummary(
        newest=passed[0],
        number=len(passed),
        steps=tuple(RehearsedStep(r, min(seconds[r.position]), max(seconds[r.position])) for r in newest),
        least_seconds=min(whole),
        most_seconds=max(whole),
    )


def longest_lock(revisions: Iterable[RehearsedRevision]) -> LongestLock | None:
    """Of those that keep others from writing."""
    held = [
        LongestLock(lock["relation"], lock["mode"], revision.revision, lock["seconds"], lock["to_end"])
        for revision in revisions
        for lock in revision.locks
        if lock["mode"] in BLOCKING_MODES
    ]
    return max(held, key=lambda lock: lock.seconds, default=None)


def _rewritten(revision: RehearsedRevision) -> int:
    return sum(int(rewrite["bytes"]) for rewrite in revision.rewritten)


def _sum_rewritten(revisions: Iterable[RehearsedRevision], rehearsal: Rehearsal) -> int:
    return sum(_rewritten(revision) for revision in revisions if revision.rehearsal_id == rehearsal.pk)


def _read_override(rehearsals: Sequence[Rehearsal]) -> Override | None:
    override = RehearsalOverride.objects.filter(rehearsal__in=rehearsals).select_related("given_by").first()
    return Override(override.given_by.get_username(), override.reason) if override else None
