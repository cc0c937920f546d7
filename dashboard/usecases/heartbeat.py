"""While a worker works on a row, the row says so once a second; the observer takes silence for death."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from dashboard.models import Backup, DriftCheck, Proof, Rehearsal, RevisionProposal, Run

logger = logging.getLogger(__name__)
INTERVAL_SECONDS = 1.0
Watched = type[Run] | type[Backup] | type[Proof] | type[Rehearsal] | type[DriftCheck] | type[RevisionProposal]
"""What has a `heartbeat_at`."""


@contextmanager
def heartbeat(model: Watched, pk: int) -> Iterator[None]:
    """Keeps `heartbeat_at` of one row fresh from a thread of its own, with its own connection."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(model, pk, stop), daemon=True, name=f"heartbeat-{pk}")
    model.objects.filter(pk=pk).update(heartbeat_at=timezone.now())
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _beat(model: Watched, pk: int, stop: threading.Event) -> None:
    try:
        while not stop.wait(INTERVAL_SECONDS):
            try:
                model.objects.filter(pk=pk).update(heartbeat_at=timezone.now())
            except Error as error:
                logger.warning("The heartbeat of %s %s could not be written: %s", model.__name__, pk, error)
                close_old_connections()
    finally:
        connection.close()
