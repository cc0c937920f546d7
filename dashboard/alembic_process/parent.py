"""Starts child_program.py under a project's interpreter, passes its events on, and ends it in time."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from dashboard.alembic_process.lines import Lines
from dashboard.plain_text import clean_line

CHILD_PROGRAM = Path(__file__).with_name("child_program.py")
SYSTEM_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""The only variables of our own environment that a child is given."""
LOG_CHARACTERS = 2_000_000
"""What is kept of a child's output; the rest is counted, not stored."""
GRACE_SECONDS = 2.0
"""Between SIGTERM and SIGKILL, and for a pipe that a grandchild keeps open."""
RUNG_SECONDS = 0.5
"""What a child that is to stop is given after each rung of the ladder before the next one is tried."""


class Ending(StrEnum):
    """Why the child is no longer there."""

    EXITED = "exited"
    STOPPED = "stopped"
    DEADLINE = "deadline"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child ended. Its exit code proves nothing about the database."""

    ending: Ending
    returncode: int | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class ChildRequest:
    """One piece of work for a child."""

    python: str
    directory: Path
    content: Mapping[str, Any] = field(repr=False)
    """What child_program.py reads: action, config, section, url, rows, target, steps, files, challenge, ..."""
    variables: Mapping[str, str] = field(repr=False)
    """The environment's own variables; nothing else but SYSTEM_VARIABLES reaches the child."""
    pass_fds: tuple[int, ...] = ()
    deadline: float = 60.0
    """Seconds from the start."""


def run_child(
    request: ChildRequest,
    *,
    on_event: Callable[[dict[str, Any]], None],
    on_line: Callable[[str], None],
    on_tick: Callable[[], bool] = lambda: False,
    ladder: Sequence[Callable[[], None]] = (),
) -> ChildResult:
    """Blocks until the child has ended. `on_tick` is called at least twice a second; true asks for a stop.

    A child that is to stop, or has passed its deadline, is brought to an end by `ladder`, gentlest first, one rung
    each RUNG_SECONDS while it lives; then by SIGTERM, and by SIGKILL to its process group. What a rung does must not
    take long and must not raise.

    An event that says `ack` is answered when `on_event` has returned: the child waits for that.

    Must be called from the worker's main thread: the child dies with the thread that started it.
    """
    request_read, request_write = os.pipe()
    event_read, event_write = os.pipe()
    try:
        process = subprocess.Popen(
            [request.python, str(CHILD_PROGRAM), str(request_read), str(event_write)],
            cwd=request.directory,
            env=_child_environment(request.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(request_read, event_write, *request.pass_fds),
            start_new_session=True,
        )
    except OSError as error:
        os.close(request_write)
        os.close(event_read)
        return ChildResult(
            Ending.NOT_STARTED,
            None,
            f"{request.python} could not be started in {request.directory} ({error.strerror}). "
            "Set `python` of the project in dashboard.toml to its interpreter.",
        )
    finally:
        os.close(request_read)
        os.close(event_write)
    with os.fdopen(request_write, "wb", buffering=0) as requests, os.fdopen(event_read, "rb", buffering=0) as events:

        def on_told(event: dict[str, Any]) -> None:
            on_event(event)
            if event.get("ack"):
                _write(requests, b"\n")

        content = {**request.content, "parent_pid": os.getpid()}
        _write(requests, json.dumps(content).encode() + b"\n")
        return _watch(process, events, request, on_told, on_line, on_tick, ladder)


def _child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    system = {name: os.environ[name] for name in SYSTEM_VARIABLES if name in os.environ}
    return {**system, "PYTHONUNBUFFERED": "1", **variables}


def _write(pipe: IO[bytes], content: bytes) -> None:
    """All of it; a child that died closes the pipe, which its exit then tells."""
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[pipe.write(rest) :]
    except BrokenPipeError:
        pass


def _watch(
    process: subprocess.Popen[bytes],
    events: IO[bytes],
    request: ChildRequest,
    on_event: Callable[[dict[str, Any]], None],
    on_line: Callable[[str], None],
    on_tick: Callable[[], bool],
    ladder: Sequence[Callable[[], None]],
) -> ChildResult:
    assert process.stdout is not None
    streams = {
        "events": Lines(events.fileno(), limit=None),
        "output": Lines(process.stdout.fileno(), LOG_CHARACTERS),
    }
    started = time.monotonic()
    ending = Ending.EXITED
    descent = _Ladder(ladder)
    try:
        with selectors.DefaultSelector() as selector:
            for name, stream in streams.items():
                os.set_blocking(stream.descriptor, False)
                selector.register(stream.descriptor, selectors.EVENT_READ, name)
            while selector.get_map():
                for key, _mask in selector.select(timeout=0.25):
                    _pass_on(key.data, streams[key.data], on_event, on_line)
                    if streams[key.data].ended:
                        selector.unregister(key.fd)
                stop = on_tick()
                if process.poll() is not None:
                    _drain(selector, streams, on_event, on_line)
                    break
                if ending is Ending.EXITED and (stop or time.monotonic() - started > request.deadline):
                    ending = Ending.STOPPED if stop else Ending.DEADLINE
                if ending is not Ending.EXITED and not descent.climb():
                    break
    finally:
        end_process_group(process, grace=GRACE_SECONDS if ending is Ending.EXITED else RUNG_SECONDS)
    for name, stream in streams.items():
        _pass_on(name, stream, on_event, on_line, last=True)
    process.stdout.close()
    return ChildResult(ending, process.returncode)


def _drain(
    selector: selectors.BaseSelector,
    streams: Mapping[str, Lines],
    on_event: Callable[[dict[str, Any]], None],
    on_line: Callable[[str], None],
) -> None:
    """Reads what is left after the child's exit; a grandchild that keeps the pipe open gets GRACE_SECONDS."""
    until = time.monotonic() + GRACE_SECONDS
    while selector.get_map() and time.monotonic() < until:
        for key, _mask in selector.select(timeout=0.05):
            _pass_on(key.data, streams[key.data], on_event, on_line)
            if streams[key.data].ended:
                selector.unregister(key.fd)


def _pass_on(
    name: str,
    stream: Lines,
    on_event: Callable[[dict[str, Any]], None],
    on_line: Callable[[str], None],
    *,
    last: bool = False,
) -> None:
    for line in stream.read(last=last):
        if name == "output":
            on_line(clean_line(line))
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue  # half a line of a killed child
        if isinstance(event, dict):
            on_event(event)


class _Ladder:
    """What stops a child, a rung after the other."""

    def __init__(self, rungs: Sequence[Callable[[], None]]) -> None:
        self._rungs = list(rungs)
        self._next_at = 0.0

    def climb(self) -> bool:
        """Does the next rung when its time has come; false once the last one has had its time."""
        if time.monotonic() < self._next_at:
            return True
        if not self._rungs:
            return False
        self._rungs.pop(0)()
        self._next_at = time.monotonic() + RUNG_SECONDS
        return True


def end_process_group(process: subprocess.Popen[bytes], *, grace: float = GRACE_SECONDS) -> None:
    """Ends the child and all it started: SIGTERM, `grace` seconds later SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None or number is signal.SIGKILL:
            try:
                os.killpg(process.pid, number)
            except (ProcessLookupError, PermissionError):
                pass
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            continue
