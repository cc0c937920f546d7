"""Looks at a run from beside it while its child works: who blocks it, is the database there, shall it be cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from django.utils import timezone

from dashboard.databases.database import Contender, Database, DatabaseUnavailable, Part, RunLock
from dashboard.models import Intervention, Run
from dashboard.secrets import Masker
from dashboard.usecases.read_contention import clear_contention, describe_wait, describe_writer, store_contention

LOOK_EVERY = 0.3
LOOK_TIMEOUT = 3.0
LOST_AFTER = 5.0
"""Seconds for which neither a new connection nor the lock's own gets an answer before the child is ended."""
ASK_EVERY = 0.4
STORE_EVERY = 0.9
RUNG_TIMEOUT = 1.0


class Stop(StrEnum):
    """Why a child is ended before its end."""

    CANCELLED = "cancelled"
    CONNECTION_LOST = "connection_lost"


class RunWatch:
    """A context manager around a run's child. A thread of its own looks at the database; it stores nothing.

    `tick` is called by the worker's main thread: it stores what the thread saw, and says whether to stop.
    """

    def __init__(self, run: Run, lock: RunLock, masker: Masker) -> None:
        self.stop: Stop | None = None
        self._run = run
        self._lock = lock
        self._masker = masker
        self._latest: tuple[Contender, ...] = ()
        self._waited: tuple[float, str] = (0.0, "")
        self._writers: dict[int, str] = {}
        self._is_lost = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name=f"watch-{run.pk}")
        self._asked_at = self._stored_at = 0.0

    def __enter__(self) -> RunWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(timeout=LOOK_TIMEOUT + 1)
        clear_contention(self._run)

    def tick(self) -> bool:
        """Whether the child must be stopped; `stop` then says why."""
        now = time.monotonic()
        if now - self._stored_at >= STORE_EVERY:
            self._stored_at = now
            self._store()
        if self.stop is None and self._is_lost:
            self.stop = Stop.CONNECTION_LOST
        if self.stop is None and now - self._asked_at >= ASK_EVERY:
            self._asked_at = now
            if open_cancellation(self._run):
                self.stop = Stop.CANCELLED
        return self.stop is not None

    def ladder(self, database: Database) -> tuple[Callable[[], None], ...]:
        """The gentle rungs: the statement is cancelled, then the session ended. The process's own end follows."""
        return (
            lambda: self._act(database.cancel_statements),
            lambda: self.end_sessions(database),
        )

    def end_sessions(self, database: Database) -> None:
        """What a child that was killed has left on the server."""
        self._act(database.terminate_sessions)

    @property
    def writers(self) -> tuple[str, ...]:
        """Who else wrote to the version table meanwhile, a sentence each."""
        return tuple(self._writers.values())

    def last_wait(self) -> str:
        """For what the run waited when it was last seen to, if that was just now; else empty."""
        seen_at, sentence = self._waited
        return sentence if time.monotonic() - seen_at < LOOK_TIMEOUT else ""

    def _act(self, act: Callable[..., int]) -> None:
        """A database that gives no answer has the next rung to follow."""
        if self.stop is not Stop.CONNECTION_LOST:
            with suppress(DatabaseUnavailable):
                act(timeout=RUNG_TIMEOUT)

    def _store(self) -> None:
        latest = self._latest
        if latest:
            store_contention(self._run, latest, self._masker)
        else:
            clear_contention(self._run)

    def _look(self) -> None:
        failing_since: float | None = None
        while not self._ending.wait(LOOK_EVERY):
            try:
                self._take(self._lock.contention(timeout=LOOK_TIMEOUT))
                failing_since = None
            except DatabaseUnavailable:
                failing_since = failing_since or time.monotonic()
                self._latest = ()
                if not self._lock.is_held() and time.monotonic() - failing_since >= LOST_AFTER:
                    self._is_lost = True
                    return

    def _take(self, found: tuple[Contender, ...]) -> None:
        self._latest = found
        if sentence := describe_wait(found, self._masker):
            self._waited = (time.monotonic(), sentence)
        for contender in found:
            if contender.part is Part.WRITES:
                self._writers.setdefault(contender.pid, describe_writer(contender, self._masker))


def open_cancellation(run: Run) -> Intervention | None:
    """A person's request to cancel that nobody has answered yet."""
    asked = Intervention.objects.filter(run=run, kind=Intervention.Kind.CANCELLATION, answered_at=None)
    return asked.select_related("requested_by").first()


def answer(intervention: Intervention, words: str) -> None:
    """What was done about a request; the first answer stays."""
    Intervention.objects.filter(pk=intervention.pk, answered_at=None).update(
        answered_at=timezone.now(), answer=words[:1_000]
    )
