"""The ladder of a backup's proof as pages show it: what is proven, what goes on, and what nobody has looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from dashboard.models import Backup, Proof
from dashboard.templatetags.marks import fingerprint
from dashboard.usecases.prove_backup import Rung as Step
from dashboard.views.activity_words import ProgressView
from dashboard.views.moments import say_age, say_duration

_TONES = {
    "done": "current",
    "working": "running",
    "waiting": "waiting",
    "failed": "failed",
    "missing": "unknown",
    "undone": "waiting",
}
_WORDS = {"missing": "could not be tried", "undone": "not done"}
_STATES = {"passed": "done", "failed": "failed", "unavailable": "missing"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a backup's proof.

    `state`: done, working, waiting, failed, missing (it could not be tried), or undone (nobody asked for it).
    """

    name: str
    fact: str
    state: str
    progress: ProgressView | None = None
    """Of one that works."""

    @property
    def tone(self) -> str:
        """Glyph and colour."""
        return _TONES[self.state]

    @property
    def word(self) -> str:
        """The state, for those who do not see the glyph."""
        return _WORDS.get(self.state, self.state)


def list_rungs(
    backup: Backup, proof: Proof | None, now: datetime, *, has_scratch: bool, progress: ProgressView | None = None
) -> tuple[Rung, ...]:
    """All four of a backup that the dashboard took; `proof` is its latest. None of one that it did not take.

    `has_scratch`: there is a place to restore it. `progress`: of what is done for the proof, or to take the backup.
    """
    if backup.method != Backup.Method.DUMP:
        return ()
    if not backup.sha256:
        if backup.state != Backup.State.PREPARING:
            return ()
        return (
            _working(Step.SIZE, progress, "waiting for a worker"),
            *(Rung(step, "waiting", "waiting") for step in (Step.SHA256, Step.READ, Step.RESTORE)),
        )
    told = {rung["name"]: rung for rung in proof.rungs} if proof else {}
    is_live = proof is not None and proof.state in Proof.LIVE
    rungs: list[Rung] = []
    for step in Step:
        is_next = is_live and all(rung.state in {"done"} for rung in rungs) and step not in told
        if is_next and proof is not None and (step is not Step.RESTORE or proof.up_to == "restore"):
            words = "waiting for a worker" if proof.state == Proof.State.WORKING else "queued"
            rungs.append(_working(step, progress, words))
            continue
        rungs.append(_rung(step, backup, told.get(step), now, proof=proof, has_scratch=has_scratch))
    return tuple(rungs)


def _working(step: Step, progress: ProgressView | None, otherwise: str) -> Rung:
    if progress is None:
        return Rung(step, otherwise, "working")
    return Rung(step, f"{progress.what}, {progress.share}" if progress.share else progress.what, "working", progress)


def _rung(
    step: Step,
    backup: Backup,
    told: Mapping[str, Any] | None,
    now: datetime,
    *,
    proof: Proof | None,
    has_scratch: bool,
) -> Rung:
    if told is not None:
        return Rung(step, _say_fact(step, backup, told), _STATES[told["state"]])
    if proof is not None and proof.state in Proof.LIVE and (step is not Step.RESTORE or proof.up_to == "restore"):
        return Rung(step, "waiting", "waiting")
    return _remembered(step, backup, now, has_scratch=has_scratch)


def _say_fact(step: Step, backup: Backup, told: Mapping[str, Any]) -> str:
    if told["state"] != "passed":
        return str(told["words"])
    match step:
        case Step.SIZE:
            return filesizeformat(backup.size)
        case Step.SHA256:
            return f"{fingerprint(backup.sha256)} …"
        case Step.READ:
            return f"{say_duration(told['seconds'] or 0)}, no error"
        case Step.RESTORE:
            return f"{say_duration(told['seconds'] or 0)}, equal to its snapshot"


def _remembered(step: Step, backup: Backup, now: datetime, *, has_scratch: bool) -> Rung:
    """What is known of a rung that the latest proof did not come to."""
    at = {Step.READ: backup.read_through_at, Step.RESTORE: backup.restored_at}.get(step)
    if at is not None:
        return Rung(step, f"no error, {say_age(at, now)}", "done")
    if step is Step.SIZE:
        return Rung(step, filesizeformat(backup.size), "done")
    if step is Step.SHA256:
        return Rung(step, f"{fingerprint(backup.sha256)} …", "done")
    if step is Step.RESTORE and not has_scratch:
        return Rung(step, "not tried: no scratch server is configured", "undone")
    return Rung(step, "not tried", "undone")
