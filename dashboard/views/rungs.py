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
from dashboard.views.moments import say_age, say_duration, say_whole

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
_DOING = {
    "checking": "looking at tools, rights and space first",
    "copying": "being written",
    "counting": "rows are counted and hashed in its snapshot",
    "reading": "being read",
    "restoring": "being restored into a scratch database",
    "comparing": "the copy is being compared",
}
SOON = 3.0
"""Seconds after which the speed of a backup says how long the rest takes."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a backup's proof.

    `state`: done, working, waiting, failed, missing (it could not be tried), or undone (nobody asked for it).
    """

    name: str
    fact: str
    state: str

    @property
    def tone(self) -> str:
        """Glyph and colour."""
        return _TONES[self.state]

    @property
    def word(self) -> str:
        """The state, for those who do not see the glyph."""
        return _WORDS.get(self.state, self.state)


def list_rungs(backup: Backup, proof: Proof | None, now: datetime, *, has_scratch: bool) -> tuple[Rung, ...]:
    """All four of a backup that the dashboard took; `proof` is its latest. None of one that it did not take.

    `has_scratch`: there is a place to restore it.
    """
    if backup.method != Backup.Method.DUMP:
        return ()
    if not backup.sha256:
        if backup.state != Backup.State.PREPARING:
            return ()
        return (
            Rung(Step.SIZE, say_progress(backup, now), "working"),
            *(Rung(step, "waiting", "waiting") for step in (Step.SHA256, Step.READ, Step.RESTORE)),
        )
    told = {rung["name"]: rung for rung in proof.rungs} if proof else {}
    is_live = proof is not None and proof.state in Proof.LIVE
    rungs: list[Rung] = []
    for step in Step:
        is_next = is_live and all(rung.state in {"done"} for rung in rungs) and step not in told
        rungs.append(_rung(step, backup, told.get(step), now, proof=proof, is_next=is_next, has_scratch=has_scratch))
    return tuple(rungs)


def say_progress(backup: Backup, now: datetime) -> str:
    """`12 MB of about 40 MB, table 8 of 40, about 5 s left`."""
    if backup.doing in {"", "checking"}:
        return _DOING["checking"] if backup.tool else "waiting for a worker"
    parts = [filesizeformat(backup.bytes_written)]
    if backup.expected_bytes:
        parts[0] += f" of about {filesizeformat(backup.expected_bytes)}"
    if backup.doing == "counting":
        parts.append(_DOING["counting"])
    if backup.tables and backup.tables_done:
        parts.append(f"table {min(backup.tables_done, backup.tables)} of {backup.tables}")
    elapsed = (now - backup.created_at).total_seconds()
    if backup.doing == "copying" and backup.expected_bytes and backup.bytes_written and elapsed > SOON:
        left = elapsed * max(0, backup.expected_bytes - backup.bytes_written) / backup.bytes_written
        parts.append(f"about {say_whole(max(1.0, left))} left")
    return ", ".join(parts)


def _rung(
    step: Step,
    backup: Backup,
    told: Mapping[str, Any] | None,
    now: datetime,
    *,
    proof: Proof | None,
    is_next: bool,
    has_scratch: bool,
) -> Rung:
    if is_next and proof is not None and (step is not Step.RESTORE or proof.up_to == "restore"):
        words = _DOING.get(backup.doing, "waiting for a worker") if proof.state == Proof.State.WORKING else "queued"
        return Rung(step, words, "working")
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
        return Rung(step, "read, not restored: no scratch server is configured", "undone")
    return Rung(step, "read, not restored" if backup.read_through_at else "not tried", "undone")
