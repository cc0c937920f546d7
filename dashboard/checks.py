"""System checks: what keeps the dashboard from doing its work, told before it starts."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, register

from dashboard.sources.configuration import ConfigurationError, Project
from dashboard.usecases.catalogue import configuration

_LOOK_FOR_ALEMBIC = "import importlib.util, sys; sys.exit(3 if importlib.util.find_spec('alembic') is None else 0)"


@register()
def check_configuration(**_: Any) -> list[CheckMessage]:
    """dashboard.toml as a whole, then each project's interpreter."""
    try:
        projects = configuration().projects.values()
    except ConfigurationError as error:
        return [
            Error(f"{problem.key or error.path}: {problem.message}", hint=problem.hint, id="dashboard.E001")
            for problem in error.problems
        ]
    return [message for project in projects for message in check_interpreter(project)]


def check_interpreter(project: Project) -> list[CheckMessage]:
    """It can be started and finds alembic."""
    key = f"projects.{project.name}.python"
    path = Path(project.python)
    if not path.exists():
        return [
            Error(
                f"{key}: {path} does not exist.",
                hint="Name the interpreter of the project's virtual environment, or make that environment.",
                id="dashboard.E002",
            )
        ]
    problem = "" if project.python == sys.executable else _interpreter_problem(project.python, path.stat().st_mtime_ns)
    if not problem:
        return []
    return [
        Error(
            f"{key}: {problem}",
            hint=f"Install the project's packages with it: {path} -m pip install alembic",
            id="dashboard.E003",
        )
    ]


@lru_cache(maxsize=64)
def _interpreter_problem(python: str, _changed: int) -> str:
    try:
        done = subprocess.run([python, "-c", _LOOK_FOR_ALEMBIC], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python} cannot be started ({type(error).__name__})."
    if done.returncode == 3:
        return f"{python} has no alembic."
    return f"{python} is no Python that works (exit code {done.returncode})." if done.returncode else ""
