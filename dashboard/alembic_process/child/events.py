"""What a child tells its parent."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

ONE_RUN_ONE_DATABASE = (
    "A run changes one database, so that one backup and one version table stand for it. Give each database a script "
    "directory and a project of its own."
)


class Refused(Exception):
    """The run must not go on: what is here is not what was confirmed. Nothing has been changed."""


class Events:
    """The pipe to the parent. Each event is one line of JSON."""

    def __init__(self, descriptor: int, answers: Any) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._answers = answers
        self._lock = threading.Lock()

    def emit(self, event: str, **fields: Any) -> None:
        with self._lock:
            self._pipe.write(json.dumps({"event": event, **fields}) + "\n")
            self._pipe.flush()

    def emit_first(self, event: str, **fields: Any) -> None:
        """Before something that cannot be undone: goes on only when the parent has stored that it will be done.

        So that whatever dies, what a run may have committed is known.
        """
        with self._lock:
            self._pipe.write(json.dumps({"event": event, "ack": True, **fields}) + "\n")
            self._pipe.flush()
            if not self._answers.readline():
                raise SystemExit("the worker that started this run is gone")
