"""Lets a configured command take a backup: pgBackRest, a snapshot of a volume and the like.

What the command did is not known, only what it said and how it ended.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboard.databases.backup_file import BackupFailed
from dashboard.databases.database import Deadline
from dashboard.databases.external_program import ProgramStopped, read_tail, run_with_output

KEPT_OUTPUT = 4000
"""Bytes of the end of the output."""
LONGEST_REFERENCE = 500
_REFERENCE = re.compile(r"^\s*reference:\s*(\S.*?)\s*$", re.MULTILINE | re.IGNORECASE)
_TAKEN_AT = re.compile(r"^\s*taken_at:\s*(\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_CLOCKS_DIFFER = timedelta(minutes=1)


class CommandFailed(BackupFailed):
    """The command did not take a backup; `exit_code` and the end of its output tell more. Not masked."""

    def __init__(self, message: str, exit_code: int | None, output: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.output = output


@dataclass(frozen=True, slots=True)
class CommandBackup:
    """What a command that ended with 0 said. Not masked."""

    exit_code: int
    output: str
    """The end of it."""
    reference: str
    """Where the backup is found: what it said to be so, else its last line."""
    taken_at: datetime
    """The snapshot's moment that it said; else when it ended. Aware, UTC."""
    says_when: bool


def take_by_command(
    command: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    deadline: float,
    stop: Callable[[], bool] = lambda: False,
) -> CommandBackup:
    """Runs the command in `folder` with exactly these variables, for `deadline` seconds. Raises CommandFailed."""
    with tempfile.TemporaryFile() as output:
        try:
            code = run_with_output(
                command, variables, output=output, complaints=output, deadline=Deadline(deadline), stop=stop,
                folder=folder,
            )  # fmt: skip
        except ProgramStopped as error:
            raise CommandFailed(
                f"The backup command was ended: {error}.", None, read_tail(output, KEPT_OUTPUT)
            ) from None
        except OSError as error:
            raise CommandFailed(
                f"The backup command {command[0]} could not be started: {error.strerror}. Check backup.command.",
                None,
                "",
            ) from None
        said = read_tail(output, KEPT_OUTPUT)
    ended_at = datetime.now(UTC)
    if code:
        ending = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise CommandFailed(
            f"The backup command failed ({ending}): {_last_line(said) or 'it said nothing'}", code, said
        )
    taken_at = _read_moment(said, ended_at)
    return CommandBackup(code, said, _read_reference(said), taken_at or ended_at, taken_at is not None)


def _read_reference(said: str) -> str:
    named = _REFERENCE.findall(said)
    return (named[-1] if named else _last_line(said))[:LONGEST_REFERENCE]


def _read_moment(said: str, ended_at: datetime) -> datetime | None:
    """A moment that cannot be read is no backup's: taking now for it would make an old backup look young."""
    named = _TAKEN_AT.findall(said)
    if not named:
        return None
    try:
        moment = datetime.fromisoformat(named[-1])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandFailed(
            f"The backup command said taken_at: {named[-1][:50]}, which is no time with a zone. Let it print "
            "taken_at: 2026-11-24T12:00:00Z, or nothing of the kind.",
            0,
            said,
        )
    if moment > ended_at + _CLOCKS_DIFFER:
        raise CommandFailed(
            f"The backup command said that the backup was taken at {named[-1][:50]}, which is still to come.", 0, said
        )
    return min(moment, ended_at).astimezone(UTC)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else ""
