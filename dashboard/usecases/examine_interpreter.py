"""Whether a project's interpreter can be started and has Alembic: asked at start-up and by `manage.py doctor`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.sources.configuration import Project

_LOOK_FOR_ALEMBIC = "import importlib.util, sys; sys.exit(3 if importlib.util.find_spec('alembic') is None else 0)"
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class InterpreterProblem:
    """Why no run of a project can be started."""

    words: str
    mend: str
    is_missing: bool
    """There is no such file; else there is one that does not do."""


def examine_interpreter(*, project: Project) -> InterpreterProblem | None:
    """Starts it, without any of the project's code. None where all is well."""
    key = f"projects.{project.name}.python"
    path = Path(project.python)
    if not path.exists():
        mend = "Name the interpreter of the project's virtual environment, or make that environment."
        return InterpreterProblem(f"{key}: {path} does not exist.", mend, is_missing=True)
    if project.python == sys.executable:
        return None
    words = _what_is_wrong(project.python, path.stat().st_mtime_ns)
    if not words:
        return None
    mend = f"Install the project's packages with it: {path} -m pip install alembic"
    return InterpreterProblem(f"{key}: {words}", mend, is_missing=False)


@lru_cache(maxsize=64)
def _what_is_wrong(python: str, _changed: int) -> str:
    try:
        done = subprocess.run([python, "-c", _LOOK_FOR_ALEMBIC], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python} cannot be started ({type(error).__name__})."
    if done.returncode == 3:
        return f"{python} has no alembic."
    return f"{python} is no Python that works (exit code {done.returncode})." if done.returncode else ""
