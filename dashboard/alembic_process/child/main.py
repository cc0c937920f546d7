"""Reads one request and does it. What is asked for is in `action`."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sys
import traceback
from importlib.machinery import SourceFileLoader
from typing import Any

from dashboard.alembic_process.child.change import change
from dashboard.alembic_process.child.environment import alembic_config
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.models import compare_models
from dashboard.alembic_process.child.one_revision import write_revision
from dashboard.alembic_process.child.preview import preview_sql
from dashboard.alembic_process.child.probe import probe
from dashboard.alembic_process.child.revision_file import autogenerate, merge

ACTIONS = {
    "upgrade": change,
    "downgrade": change,
    "stamp": change,
    "sql": preview_sql,
    "revision_sql": write_revision,
    "probe": probe,
    "compare_models": compare_models,
    "autogenerate": autogenerate,
    "merge": merge,
}
"""Each is given the request, the events, Alembic's Config and its ScriptDirectory."""
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Reads the request, does it, and exits 0 when it was done, 3 when refused, 1 on an error."""
    request_descriptor, event_descriptor = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (request_descriptor, event_descriptor):
        os.set_inheritable(descriptor, False)
    pipe = os.fdopen(request_descriptor, encoding="utf-8")
    request = json.loads(pipe.readline())
    _die_with_parent(request["parent_pid"])
    sys.argv = ["alembic"]
    events = Events(event_descriptor, pipe)
    try:
        _check_files(request.get("files", {}))
        _compile_anew(request.get("files", {}))
        _perform(request, events)
    except Refused as refusal:
        events.emit("refused", message=str(refusal))
        return 3
    except BaseException as error:  # env.py may call sys.exit; the parent is told whatever it was
        events.emit("error", type=type(error).__name__, message=str(error), traceback=traceback.format_exc())
        return 1
    events.emit("finished")
    return 0


def _die_with_parent(parent_pid: int) -> None:
    """Linux ends this process when the worker's thread dies; elsewhere the observer notices the lost worker."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit("the worker that started this run is gone")


def _check_files(files: dict[str, str]) -> None:
    """`files`: path -> sha256 of everything that was confirmed. Reads each, refuses at the first difference."""
    for path, expected in files.items():
        try:
            with open(path, "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            raise Refused("%s cannot be read any more (%s). Make a new plan." % (path, error.strerror))
        if found != expected:
            raise Refused("%s changed after the plan was confirmed. Make a new plan." % path)


def _compile_anew(files: dict[str, str]) -> None:
    """What was confirmed is the text: a compiled file beside it may be of an older one.

    Python takes one for current by the size and the second of the last change. Without those it compiles the text,
    and leaves nothing behind.
    """
    confirmed = {os.path.realpath(path) for path in files if path.endswith(".py")}
    plain = SourceFileLoader.path_stats

    def path_stats(loader: SourceFileLoader, path: Any) -> Any:
        if os.path.realpath(path) in confirmed:
            raise OSError("compiled from its text")
        return plain(loader, path)

    setattr(SourceFileLoader, "path_stats", path_stats)


def _perform(request: dict[str, Any], events: Events) -> None:
    import alembic
    import sqlalchemy

    events.emit(
        "hello",
        pid=os.getpid(),
        python=sys.version.split()[0],
        alembic=alembic.__version__,
        sqlalchemy=sqlalchemy.__version__,
    )
    from alembic.script import ScriptDirectory

    config = alembic_config(request)
    script = ScriptDirectory.from_config(config)
    ACTIONS[request["action"]](request, events, config, script)
