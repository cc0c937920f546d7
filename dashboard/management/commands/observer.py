"""manage.py observer: reads every environment on a schedule, and settles what a dead worker left."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from dashboard.sources.configuration import ConfigurationError
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.check_drift import end_lost_checks
from dashboard.usecases.keep_backups import end_lost_proofs, fail_lost_backups, sweep_scratch_databases
from dashboard.usecases.observe import observe_environments, thin_observations
from dashboard.usecases.prepare_proposal import end_lost_proposals
from dashboard.usecases.read_code import fetch_repositories, prepare_worktrees
from dashboard.usecases.rehearse_plan import end_lost_rehearsals
from dashboard.usecases.request_drift import queue_due_checks
from dashboard.usecases.settle_lost_runs import settle_lost_runs

logger = logging.getLogger("dashboard.observer")
SETTLE_EVERY_SECONDS = 2.0
SWEEP_EVERY_SECONDS = 60.0
THIN_EVERY_SECONDS = 3600.0
FETCH_LOOK_SECONDS = 5.0
DRIFT_LOOK_SECONDS = 30.0


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; ends between two rounds."""

    help = "Reads every environment on a schedule and settles runs and backups whose worker died."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        works = [
            _Work(settle_lost_runs, SETTLE_EVERY_SECONDS),
            _Work(fail_lost_backups, SETTLE_EVERY_SECONDS),
            _Work(end_lost_proofs, SETTLE_EVERY_SECONDS),
            _Work(end_lost_rehearsals, SETTLE_EVERY_SECONDS),
            _Work(end_lost_proposals, SETTLE_EVERY_SECONDS),
            _Work(end_lost_checks, SETTLE_EVERY_SECONDS),
            _Work(sweep_scratch_databases, SWEEP_EVERY_SECONDS),
            _Work(observe_environments, float(settings.DASHBOARD_REFRESH_SECONDS)),
            _Work(queue_due_checks, DRIFT_LOOK_SECONDS),
            _Work(thin_observations, THIN_EVERY_SECONDS),
            _Work(prepare_worktrees, float(settings.DASHBOARD_REFRESH_SECONDS)),
            _Work(_Fetching(), FETCH_LOOK_SECONDS),
        ]
        while not stop.is_set():
            for work in works:
                work.do_when_due()
            close_old_connections()
            if options["once"]:
                return
            stop.wait(0.5)


class _Fetching:
    """`git fetch` for the projects whose `fetch_every` has passed, beside the rounds, since a remote may not answer."""

    __name__ = "fetching"

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._under_way: threading.Thread | None = None

    def __call__(self) -> None:
        if self._under_way is not None and self._under_way.is_alive():
            return
        now = time.monotonic()
        projects = [p for p in configuration().projects.values() if p.fetch_every and now >= self._due.get(p.name, 0.0)]
        if not projects:
            return
        self._due |= {project.name: now + project.fetch_every.total_seconds() for project in projects}
        self._under_way = threading.Thread(target=fetch_repositories, args=(projects,), daemon=True)
        self._under_way.start()


class _Work:
    """One thing done every so often; its errors are logged and do not end the others."""

    def __init__(self, do: Any, every: float) -> None:
        self._do = do
        self._every = every
        self._due = 0.0

    def do_when_due(self) -> None:
        if time.monotonic() < self._due:
            return
        try:
            self._do()
        except ConfigurationError as error:
            logger.error("dashboard.toml cannot be used: %s", error)
        except Exception:
            logger.exception("%s failed; the next round tries again", self._do.__name__)
        self._due = time.monotonic() + self._every
