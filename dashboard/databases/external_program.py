"""Runs a program beside a database, such as pg_dump, and ends it in time together with whatever it started."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from dashboard.databases.database import Deadline

BETWEEN_LOOKS = 0.1
LONGEST_COMPLAINT = 4000


class ProgramFailed(Exception):
    """A program ended with an error; the text is its standard error."""


class ProgramStopped(Exception):
    """A program was stopped by us; the text says why."""


def run_program(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    deadline: Deadline,
    stop: Callable[[], bool] = lambda: False,
    tick: Callable[[], None] = lambda: None,
) -> str:
    """Runs a program and returns its standard output. Its whole process group is killed at the deadline or stop.

    Raises ProgramFailed and ProgramStopped.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        code = run_with_output(
            command, environment, output=output, complaints=complaints, deadline=deadline, stop=stop, tick=tick
        )
        if code:
            raise ProgramFailed(read_text(complaints, LONGEST_COMPLAINT).strip() or f"exit code {code}")
        return read_text(output)


def run_with_output(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    output: IO[bytes],
    complaints: IO[bytes],
    deadline: Deadline,
    stop: Callable[[], bool] = lambda: False,
    tick: Callable[[], None] = lambda: None,
    folder: Path | None = None,
) -> int:
    """The exit code of a program whose output goes to two open files, which may be one. Raises ProgramStopped.

    `folder`: where it works; None: where we do. A program that cannot be started is an OSError.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=complaints,
        env=dict(environment),
        cwd=folder,
        umask=0o077,
        start_new_session=True,
    )
    try:
        _watch(process, deadline, stop, tick)
    finally:
        _kill(process)
    return process.returncode


def read_text(file: IO[bytes], limit: int = -1) -> str:
    """The first `limit` bytes of an open file; -1: all of them."""
    file.seek(0)
    return file.read(limit).decode(errors="replace")


def read_tail(file: IO[bytes], limit: int) -> str:
    """The last `limit` bytes of an open file."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
    return file.read(limit).decode(errors="replace")


def _watch(
    process: subprocess.Popen[bytes], deadline: Deadline, stop: Callable[[], bool], tick: Callable[[], None]
) -> None:
    while process.poll() is None:
        if deadline.passed():
            raise ProgramStopped("it took longer than the time that it had")
        if stop():
            raise ProgramStopped("it was stopped")
        tick()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=min(BETWEEN_LOOKS, max(0.0, deadline.remaining())))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the program's group, such as pg_dump's parallel workers."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.02)
