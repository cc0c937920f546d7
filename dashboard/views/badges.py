"""What a badge says and how it looks: a tone (colour and glyph) and a word, so that colour is never alone."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.models import Backup, Proof, Run
from dashboard.revisions.status import State, Status


@dataclass(frozen=True, slots=True)
class Badge:
    """`tone` names a `.state-*` class and a `#state-*` glyph of `_glyphs.html`."""

    tone: str
    word: str


STATE_TONES: dict[State, str] = {
    State.CURRENT: "current",
    State.PENDING: "pending",
    State.UNVERSIONED: "unversioned",
    State.FOREIGN_REVISION: "unknown",
    State.INCONSISTENT: "inconsistent",
    State.UNREACHABLE: "unreachable",
    State.UNOBSERVED: "waiting",
}
STATE_WORDS: dict[State, str] = {state: state.value.replace("_", " ") for state in State} | {
    State.UNOBSERVED: "not read yet"
}
WORST_FIRST = (
    State.INCONSISTENT,
    State.FOREIGN_REVISION,
    State.UNREACHABLE,
    State.UNVERSIONED,
    State.UNOBSERVED,
    State.PENDING,
    State.CURRENT,
)
_OUTCOMES: dict[str, Badge] = {
    Run.Outcome.SUCCEEDED: Badge("succeeded", "succeeded"),
    Run.Outcome.UNCHANGED: Badge("unchanged", "unchanged"),
    Run.Outcome.ROLLED_BACK: Badge("failed", "failed (rolled back)"),
    Run.Outcome.PARTIAL: Badge("partial", "failed (partial)"),
    Run.Outcome.INDETERMINATE: Badge("unknown", "failed (indeterminate)"),
    Run.Outcome.REFUSED: Badge("refused", "refused"),
}
_PHASES: dict[str, Badge] = {
    Run.Phase.QUEUED: Badge("waiting", "queued"),
    Run.Phase.RUNNING: Badge("running", "running"),
    Run.Phase.UNSETTLED: Badge("unknown", "unsettled"),
}
_STEPS: dict[str, str] = {"waiting": "waiting", "running": "running", "applied": "current", "failed": "failed"}
_PROOFS: dict[str, Badge] = {
    Proof.State.QUEUED: Badge("waiting", "queued"),
    Proof.State.WORKING: Badge("running", "being proven"),
    Proof.State.PASSED: Badge("current", "passed"),
    Proof.State.FAILED: Badge("failed", "failed"),
    Proof.State.UNAVAILABLE: Badge("unknown", "not tried to its end"),
}
BAD_OUTCOMES = frozenset({Run.Outcome.ROLLED_BACK, Run.Outcome.PARTIAL, Run.Outcome.INDETERMINATE})


def badge_of_status(status: Status) -> Badge:
    """The state, with the number of pending revisions or the reason where there is one."""
    word = STATE_WORDS[status.state]
    if status.state is State.PENDING:
        word = f"pending {len(status.pending)}"
    elif status.state is State.UNREACHABLE and status.reason:
        word = f"unreachable ({status.reason.replace('_', ' ')})"
    return Badge(STATE_TONES[status.state], word)


def badge_of_run(run: Run, progress: str = "") -> Badge:
    """Phase while the run is live, outcome once it has settled. `progress`: "2 of 3"."""
    if run.phase == Run.Phase.SETTLED:
        was_stopped_before = run.outcome == Run.Outcome.REFUSED and run.cause == Run.Cause.CANCELLED
        return Badge("refused", "cancelled") if was_stopped_before else _OUTCOMES[run.outcome]
    badge = _PHASES[run.phase]
    if progress and run.phase == Run.Phase.RUNNING:
        return Badge(badge.tone, f"running {progress}")
    return badge


def badge_of_backup(backup: Backup) -> Badge:
    """How far the backup is proven, never more than that."""
    if backup.state == Backup.State.PREPARING:
        return Badge("running", "being taken")
    if backup.state == Backup.State.FAILED:
        return Badge("failed", "failed")
    if backup.state != Backup.State.PROVEN:
        return Badge("waiting", backup.state)
    if backup.method == Backup.Method.ATTEST:
        return Badge("waiting", "attested, not proven here")
    if backup.method == Backup.Method.COMMAND:
        return Badge("waiting", "taken by a command, not proven here")
    return Badge("current", "restored and compared") if backup.restored_at else Badge("read", "read, not restored")


def badge_of_proof(proof: Proof) -> Badge:
    """How one climb of the ladder ended."""
    return _PROOFS[proof.state]


def tone_of_step(state: str) -> str:
    """The glyph of a run's step."""
    return _STEPS[state]
