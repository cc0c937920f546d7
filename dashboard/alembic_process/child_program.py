"""Runs in a process of its own, under a project's interpreter: with `child/`, the only place where its code is executed.

Both need the standard library and alembic (1.12 or newer) alone, and Python 3.9's syntax, because the interpreter is
the project's. Called by parent.py as `python child_program.py REQUEST_FD EVENT_FD`: a JSON request is read from the
first descriptor, one line, events are written to the second, one JSON object a line. An event that says `ack` is
answered by an empty line on the first descriptor, once the parent has stored it. What env.py prints goes to
standard output and standard error, which are the run's log, never to the events.

Actions of a request: "upgrade", "downgrade", "stamp", "sql" (Alembic's offline mode for one of them, `way`),
"revision_sql" (the same for one revision, up and down), "probe" (ask env.py for its version table), "compare_models"
(Alembic's comparison of models and database), "autogenerate" and "merge" (the text of a new revision file, which is not
written). With `rehearsal` the first three are measured, and no connection to another database than the one of the
challenge is let through.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def _import_main() -> Any:
    """Its `main`, imported so that the project finds nothing of ours: not on its path, not under the name `dashboard`."""
    own_folder = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(own_folder))
    sys.path[:] = [root] + [entry for entry in sys.path if os.path.abspath(entry or ".") != own_folder]
    from dashboard.alembic_process.child.main import main

    del sys.path[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == "dashboard"]:
        del sys.modules[name]
    return main


if __name__ == "__main__":
    sys.exit(_import_main()())
