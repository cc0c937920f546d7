"""A run that is executed beside the test, so that the test can do it harm."""

from __future__ import annotations

import re
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from dashboard.models import Run
from dashboard.usecases.execute_run import execute_run
from tests.usecases.site import Site


@dataclass
class Running:
    """One run and the thread that stands for its worker."""

    run: Run
    thread: threading.Thread

    def wait_for_step(self, revision: str, state: str = "running") -> None:
        """Until the child has said so."""
        wait_for(lambda: self.run.steps.filter(revision=revision, state=state).exists())

    def child_pid(self) -> int:
        """Of the child process."""
        line = self.run.log.filter(text__startswith="child pid").get().text
        return int(re.findall(r"\d+", line)[0])

    def finish(self, seconds: float = 20) -> Run:
        """Waits for the worker to be done with it."""
        self.thread.join(timeout=seconds)
        assert not self.thread.is_alive(), "the worker is still at it"
        self.run.refresh_from_db()
        return self.run


@contextmanager
def executing(run: Run) -> Iterator[Running]:
    """What a worker does with it, in a thread; always ended before the test goes on."""

    def work() -> None:
        try:
            execute_run(run_id=run.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    running = Running(run, thread)
    try:
        yield running
    finally:
        thread.join(timeout=60)


def confirmed(site: Site, *targets: str) -> Run:
    """Planned, backed up and confirmed."""
    plan = site.plan(*targets)
    site.back_up()
    site.accept(plan)
    return site.confirm(plan)


def online(code: str) -> str:
    """Python of a revision that is left out where its SQL is only written, before anybody confirms it."""
    return "if not op.get_context().as_sql:\n" + textwrap.indent(textwrap.dedent(code).strip(), "    ")


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Until it is true; an AssertionError when it does not come to be."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
