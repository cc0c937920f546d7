"""Sets up what `make run` shows: accounts, and databases of the reference project at different revisions."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User

from dashboard.access import ROLES
from dashboard.alembic_process.parent import SYSTEM_VARIABLES
from dashboard.database_target import Dialect
from dashboard.models import Run
from dashboard.revisions.graph import RevisionGraph
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import configuration, resolve
from dashboard.usecases.read_history import read_history

ADMIN = "admin"
ACCOUNTS = (*ROLES, ADMIN)
"""Each role's account has the role's name; the admin is a superuser."""
PROJECT = "api"
BEHIND = {"development": 0, "staging": 2, "production": 5}
"""How many revisions each environment of the demo lacks at first."""
CHILD_SECONDS = 120


class DemoRefused(Exception):
    """The demo cannot be set up, or not now; the message says why and what to do."""


@dataclass(frozen=True)
class DemoDatabase:
    """One environment of the demo; `made` is false where it was there already and was left alone."""

    environment: str
    path: Path
    made: bool


def set_up_demo(*, reset: bool = False) -> tuple[DemoDatabase, ...]:
    """Accounts, and those databases that do not exist yet; with `reset` all of them anew. Raises DemoRefused.

    Only SQLite files in a `demo` folder of ours are ever made or replaced, so that a dashboard.toml that names other
    databases is safe from this.
    """
    if not settings.DASHBOARD_DEMO:
        raise DemoRefused("This makes accounts that everybody knows. Set DASHBOARD_DEMO=1 if that is what you want.")
    _make_accounts()
    found = _demo_databases()
    if reset:
        _refuse_while_running()
    return tuple(_make_database(project, environment, path, reset) for project, environment, path in found)


def _make_accounts() -> None:
    """None has a password of its own: the demo mode's login alone lets them in."""
    for name in ACCOUNTS:
        is_admin = name == ADMIN
        user, created = User.objects.get_or_create(
            username=name, defaults={"is_staff": is_admin, "is_superuser": is_admin}
        )
        if created:
            user.set_unusable_password()
            user.save()
        if not is_admin:
            user.groups.add(Group.objects.get(name=name))


def _demo_databases() -> list[tuple[Project, Environment, Path]]:
    found = configuration()
    if PROJECT not in found.projects:
        return []
    project = found.projects[PROJECT]
    folders = (found.path.parent / "var" / "demo", settings.DASHBOARD_DATA / "demo")
    databases = []
    for environment in project.environments.values():
        path = _sqlite_path(environment)
        if environment.name in BEHIND and path is not None and path.parent in folders:
            databases.append((project, environment, path))
    return databases


def _sqlite_path(environment: Environment) -> Path | None:
    try:
        target = resolve(environment).target
    except NotConfigured:
        return None
    return Path(target.name) if target.dialect is Dialect.SQLITE else None


def _refuse_while_running() -> None:
    if run := Run.objects.filter(project=PROJECT, phase__in=Run.LIVE).first():
        raise DemoRefused(f"{run} is {run.phase}. Wait until it has settled, then reset the demo again.")


def _make_database(project: Project, environment: Environment, path: Path, reset: bool) -> DemoDatabase:
    if path.exists() and not reset:
        return DemoDatabase(environment.name, path, made=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made beside and renamed, so that an interrupted set-up leaves no half database behind.
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    for target in _targets(project, BEHIND[environment.name]):
        _run_in_project(project, draft, "alembic", "-c", str(project.config), "upgrade", target)
    _run_in_project(project, draft, "app.demo_data")
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    draft.replace(path)
    return DemoDatabase(environment.name, path, made=True)


def _targets(project: Project, behind: int) -> tuple[str, ...]:
    """The heads of the history as it was `behind` revisions ago."""
    history = read_history(project)
    if history.error:
        raise DemoRefused(f"The reference project cannot be read: {history.error}")
    path = history.graph.pending(())
    return RevisionGraph(path[: len(path) - behind]).effective_heads


def _run_in_project(project: Project, database: Path, *module: str) -> None:
    """`python -m module ...` with the project's interpreter, in its directory, in a process of its own."""
    variables = {name: os.environ[name] for name in SYSTEM_VARIABLES if name in os.environ}
    try:
        done = subprocess.run(
            [project.python, "-m", *module],
            cwd=project.directory,
            env={**variables, "DATABASE_URL": f"sqlite:///{database}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHILD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoRefused(f"{project.python} -m {module[0]} did not run in {project.directory}: {error}") from error
    if done.returncode:
        raise DemoRefused(f"{' '.join(module)} failed in {project.directory}:\n{done.stderr.strip()}")
