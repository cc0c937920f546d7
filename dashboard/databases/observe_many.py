"""Observes many databases at once, under one deadline that nothing can defeat."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from dashboard.databases.database import Database, Deadline
from dashboard.revisions.status import Reason, VersionReading

K = TypeVar("K")

_Request = Database | Callable[[], VersionReading]


def observe_many(requests: Mapping[K, _Request], *, deadline: float, concurrency: int = 16) -> dict[K, VersionReading]:
    """A reading for each request, in the order of `requests`, after `deadline` seconds at the latest.

    At most `concurrency` databases are read at a time; where there are more, none is waited for longer than half of
    the deadline, so that silent ones leave time for the rest. What is late becomes "unreachable (timeout)". The
    threads are daemons: a hanging name server neither holds up the caller nor an exit.
    """
    limit = Deadline(deadline)
    # A tenth is kept for the way back, so that the database's own answer comes before the outer one.
    longest = deadline * (0.9 if len(requests) <= concurrency else 0.45)
    waiting: queue.SimpleQueue[tuple[K, _Request]] = queue.SimpleQueue()
    for item in requests.items():
        waiting.put(item)
    answers: queue.SimpleQueue[tuple[K, VersionReading]] = queue.SimpleQueue()
    for number in range(min(concurrency, len(requests))):
        threading.Thread(
            target=_work, args=(waiting, answers, limit, longest), name=f"observe-{number}", daemon=True
        ).start()
    readings: dict[K, VersionReading] = {}
    while len(readings) < len(requests):
        try:
            key, reading = answers.get(timeout=max(0.0, limit.remaining()))
        except queue.Empty:
            break
        readings[key] = reading
    return {key: readings.get(key) or _late(deadline) for key in requests}


def _work(
    waiting: queue.SimpleQueue[tuple[K, _Request]],
    answers: queue.SimpleQueue[tuple[K, VersionReading]],
    limit: Deadline,
    longest: float,
) -> None:
    while not limit.passed():
        try:
            key, request = waiting.get_nowait()
        except queue.Empty:
            return
        timeout = max(0.05, min(longest, limit.remaining() * 0.9))
        answers.put((key, _observe(request, timeout)))


def _observe(request: _Request, timeout: float) -> VersionReading:
    try:
        return request() if callable(request) else request.observe(timeout=timeout)
    except Exception as error:  # one database's surprise must not cost the others their readings
        return VersionReading(
            reason=Reason.REFUSED,
            # The text is left out: it may hold what was being connected to.
            detail=f"Reading failed with {type(error).__name__}. Look into the dashboard's log.",
        )


def _late(deadline: float) -> VersionReading:
    return VersionReading(
        reason=Reason.TIMEOUT,
        detail=(
            f"No answer within {deadline:.3g} s. Check that host and name server are right and not frozen; where many "
            "databases are silent, this one's turn may not have come."
        ),
    )
