"""System checks: what keeps the dashboard from doing its work, told before it starts."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from dashboard.sources.configuration import ConfigurationError, Project
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.examine_interpreter import examine_interpreter


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
    problem = examine_interpreter(project=project)
    if problem is None:
        return []
    number = "dashboard.E002" if problem.is_missing else "dashboard.E003"
    return [Error(problem.words, hint=problem.mend, id=number)]
