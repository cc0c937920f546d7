"""Looks at everything a run will need, project by project and environment by environment: `manage.py doctor`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from dashboard.databases.backup import BackupUnavailable, check_backup
from dashboard.revisions.status import State, judge_status
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import configuration, masker_for, resolve
from dashboard.usecases.child_work import ChildFailed, probe
from dashboard.usecases.examine_interpreter import examine_interpreter
from dashboard.usecases.examine_scratch import examine_scratch
from dashboard.usecases.examine_storage import examine_storage
from dashboard.usecases.observe import read_environments
from dashboard.usecases.read_history import ProjectHistory, read_history

LITTLE_SPACE = 1024**3


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at. `mend`: what to do; empty where all is well."""

    subject: str
    words: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        """Nothing is to be mended."""
        return not self.mend


def examine_installation() -> Iterator[Diagnosis]:
    """Every finding as it comes; starts env.py of each environment in a child that changes nothing. Stores nothing.

    Raises ConfigurationError when dashboard.toml itself is at fault.
    """
    found = configuration()
    number = len(found.projects)
    words = f"{found.path} is well-formed, {number} project{'' if number == 1 else 's'}."
    yield Diagnosis("dashboard.toml", words)
    yield Diagnosis("storage", *examine_storage())
    for project in found.projects.values():
        yield from _examine_project(project)


def _examine_project(project: Project) -> Iterator[Diagnosis]:
    interpreter = examine_interpreter(project=project)
    if interpreter is not None:
        yield Diagnosis(project.name, interpreter.words, interpreter.mend)
    else:
        yield Diagnosis(project.name, f"{project.python} can be started and has alembic.")
    history = read_history(project)
    if history.error:
        yield Diagnosis(project.name, history.error, "Mend `directory`, `config` or `script_location`.")
        return
    for problem in history.problems:
        yield Diagnosis(project.name, f"{problem.path}: {problem.detail}", problem.hint)
    number, heads = len(history.graph.records), ", ".join(history.graph.heads) or "none"
    yield Diagnosis(project.name, f"{number} revision{'' if number == 1 else 's'} read, heads: {heads}.")
    for environment in project.environments.values():
        yield from _examine_environment(project, environment, history, may_start_child=interpreter is None)


def _examine_environment(
    project: Project, environment: Environment, history: ProjectHistory, *, may_start_child: bool
) -> Iterator[Diagnosis]:
    name = f"{project.name}/{environment.name}"
    reading = read_environments([(project, environment)])[project.name, environment.name]
    status = judge_status(history.graph, reading)
    if status.state in {State.UNREACHABLE, State.INCONSISTENT, State.FOREIGN_REVISION}:
        words = f"{status.state.value.replace('_', ' ')}{f' ({status.reason})' if status.reason else ''}"
        yield Diagnosis(name, words, masker_for(environment).mask(status.detail) or "See the environment's page.")
    else:
        yield Diagnosis(name, f"{reading.server}, {status.state}.")
    if status.state is State.UNREACHABLE:
        return
    if may_start_child:
        yield _examine_env_py(project, environment, name)
    if environment.backup.method == "dump":
        yield _examine_tools(environment, name)
        yield _examine_space(environment.backup.directory, name)
        for finding in examine_scratch(environment=environment):
            yield Diagnosis(name, finding.words, finding.mend)


def _examine_env_py(project: Project, environment: Environment, name: str) -> Diagnosis:
    try:
        said = probe(project=project, environment=environment)
        dialect = resolve(environment).target.dialect
    except (ChildFailed, NotConfigured) as error:
        return Diagnosis(name, "env.py could not be asked.", str(error))
    if said["dialect"] != dialect:
        return Diagnosis(
            name,
            f"env.py connects to {said['dialect']}, dashboard.toml says {dialect}.",
            "Let env.py use sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that it is given.",
        )
    ours = _table(project.version_table_schema, project.version_table)
    theirs = _table(said["version_table_schema"], said["version_table"])
    if ours != theirs:
        return Diagnosis(
            name,
            f"env.py says version_table={theirs}, dashboard.toml says {ours}.",
            f"Set {_wanted(said)} in [projects.{project.name}].",
        )
    return Diagnosis(name, f"env.py uses the version table {theirs}, as dashboard.toml says.")


def _table(schema: str, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def _wanted(said: dict[str, Any]) -> str:
    schema = said["version_table_schema"]
    return f'version_table = "{said["version_table"]}"' + (f' and version_table_schema = "{schema}"' if schema else "")


def _examine_tools(environment: Environment, name: str) -> Diagnosis:
    try:
        ready = check_backup(
            resolve(environment).target,
            directory=environment.backup.directory,
            tools=environment.backup.tools,
            timeout=float(settings.DASHBOARD_READ_TIMEOUT_SECONDS),
        )
    except (BackupUnavailable, NotConfigured) as error:
        return Diagnosis(name, "No backup can be taken.", masker_for(environment).mask(str(error)))
    return Diagnosis(name, f"Backups are taken by {ready.tooling.version}.")


def _examine_space(directory: Path, name: str) -> Diagnosis:
    existing = next(folder for folder in (directory, *directory.parents) if folder.exists())
    if not os.access(existing, os.W_OK):
        return Diagnosis(name, f"{existing} cannot be written to.", "Let the dashboard's account write there.")
    free = shutil.disk_usage(existing).free
    words = f"{free / 1024**3:,.1f} GB free for backups in {directory}."
    return Diagnosis(name, words, "Make room, or move backup.directory." if free < LITTLE_SPACE else "")
