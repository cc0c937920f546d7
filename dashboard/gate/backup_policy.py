"""Which backup opens the gate: of this database, at these rows, young enough, proven as asked, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.gate.condition import Condition, Gate
from dashboard.gate.restore_policy import KEPT
from dashboard.revisions.plan import Direction, PlanContent


@dataclass(frozen=True, slots=True)
class BackupPolicy:
    """What an environment asks of a backup."""

    method: str
    """`dump`: only one that the dashboard took; `command`: one that a command took is good as well; `attest`: one that
    a person attests is good as well.
    """
    max_age: timedelta
    verify: str = "read"
    """How far one that the dashboard took must be proven: `read`, or `restore`."""


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What is known of one backup. `state` is a Backup.State."""

    number: int
    project: str
    environment: str
    method: str
    state: str
    identity: str
    rows: tuple[str, ...]
    taken_at: datetime | None
    was_read_through: bool
    error: str
    file_changed: str = ""
    """Why the file is not the one that was proven; empty: it is, or it was not looked at now."""
    was_restored: bool = False
    """Into a scratch database, and found equal to its snapshot."""
    restore_error: str = ""
    """Why it could not be restored when that was last tried."""


_GOOD_METHODS = {"dump": {"dump"}, "command": {"dump", "command"}, "attest": {"dump", "attest"}}
"""Policy -> methods of a backup."""
_PROOFS = {
    "attest": " It is attested by a person and not proven here.",
    "command": " It was taken by a command, which said that it succeeded, and is not proven here.",
}


def judge_backup(
    backup: BackupFacts | None,
    policy: BackupPolicy,
    plan: PlanContent,
    now: datetime,
    former_identities: frozenset[str] = frozenset(),
) -> tuple[Condition, ...]:
    """One condition that says the first thing that is wrong, or that the backup is good.

    Of a restore the backup is the one that is restored: its age and its revisions are no fault, nor is it one to be of
    a database that was replaced here before (`former_identities`).
    """
    if plan.direction is Direction.RESTORE:
        wrong = next(_faults_of_restored(backup, plan, former_identities), None)
        if wrong is None:
            assert backup is not None and backup.taken_at is not None
            words = f"Backup {backup.number}, {_age(now - backup.taken_at)} old, is what is restored. {KEPT}"
            return (Condition(Gate.BACKUP, "Backup", True, words, ""),)
        return (Condition(Gate.BACKUP, "Backup", False, *wrong),)
    wrong = next(_faults(backup, policy, plan, now), None)
    if wrong is None:
        assert backup is not None and backup.taken_at is not None
        until = backup.taken_at + policy.max_age - now
        words = f"Backup {backup.number} is {_age(now - backup.taken_at)} old, good for another {_age(until)}."
        words += _PROOFS.get(backup.method, " It was restored and compared." if backup.was_restored else "")
        return (Condition(Gate.BACKUP, "Backup", True, words, ""),)
    words, mend = wrong
    is_being_taken = backup is not None and backup.state == "preparing"
    return (Condition(Gate.BACKUP, "Backup", False, words, mend, working=is_being_taken),)


def _faults(
    backup: BackupFacts | None, policy: BackupPolicy, plan: PlanContent, now: datetime
) -> Iterator[tuple[str, str]]:
    mend = "Take a new backup, or attest one taken elsewhere." if policy.method == "attest" else "Take a new backup."
    if backup is None:
        yield f"There is no backup of {plan.environment} yet.", mend
        return
    name = f"Backup {backup.number}"
    if (backup.project, backup.environment) != (plan.project, plan.environment):
        yield (
            f"{name} is of {backup.project} / {backup.environment}, not of {plan.project} / {plan.environment}.",
            mend,
        )
    if backup.state == "preparing":
        yield f"{name} is being taken and proven.", "Wait until it is done."
    if backup.state != "proven":
        yield f"{name} is {backup.state}{': ' + backup.error if backup.error else '.'}", mend
    if backup.method not in _GOOD_METHODS[policy.method]:
        how = "is attested" if backup.method == "attest" else "was taken by a command"
        wanted = "its command or the dashboard" if policy.method == "command" else "the dashboard"
        yield f"{name} {how}; {plan.environment} asks for a backup that {wanted} took.", mend
    if backup.method == "dump" and not backup.was_read_through:
        yield f"{name} was never read through.", mend
    if backup.method == "dump" and policy.verify == "restore" and not backup.was_restored:
        yield (
            f"{name} was read through, but not restored. {backup.restore_error}".rstrip(),
            "Restore it into a scratch database once what is missing is there, or take a new backup.",
        )
    if backup.file_changed:
        yield f"{name} is no longer what was proven: {backup.file_changed}", mend
    if backup.identity != plan.identity:
        yield f"{name} is of another database than the one that the plan is for.", mend
    if sorted(backup.rows) != sorted(plan.current):
        yield (
            f"{name} was taken at {', '.join(backup.rows) or 'no revision'}, the plan starts elsewhere.",
            mend,
        )
    if backup.taken_at is None or backup.taken_at > now + timedelta(minutes=1):
        yield f"{name} says that it was taken in the future.", mend
    elif now - backup.taken_at > policy.max_age:
        age = _age(now - backup.taken_at)
        yield f"{name} is {age} old; {plan.environment} asks for at most {_age(policy.max_age)}.", mend


def _faults_of_restored(
    backup: BackupFacts | None, plan: PlanContent, former: frozenset[str]
) -> Iterator[tuple[str, str]]:
    mend = "Choose another backup."
    if backup is None or backup.taken_at is None:
        yield "The backup is gone.", mend
        return
    name = f"Backup {backup.number}"
    if (backup.project, backup.environment) != (plan.project, plan.environment):
        yield f"{name} is of {backup.project} / {backup.environment}.", mend
    if backup.method != "dump":
        yield f"{name} was not taken by the dashboard, which cannot restore it.", mend
    if backup.state != "proven" or not backup.was_read_through:
        yield f"{name} is {backup.state}{': ' + backup.error if backup.error else '.'}", mend
    if backup.file_changed:
        yield f"{name} is no longer what was proven: {backup.file_changed}", mend
    if backup.identity != plan.identity and backup.identity not in former:
        yield f"{name} is of another database than the one that the plan is for.", mend


def _age(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        minutes = seconds // 60 % 60
        return f"{seconds // 3600} h" + (f" {minutes} min" if minutes and seconds < 10 * 3600 else "")
    return f"{seconds // 86400} days"
