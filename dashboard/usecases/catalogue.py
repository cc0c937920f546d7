"""The configuration as every use-case sees it: read once, again only when dashboard.toml has changed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from dashboard.databases import database_for
from dashboard.databases.database import Database
from dashboard.secrets import Masker
from dashboard.sources.configuration import (
    Configuration,
    Environment,
    NotConfigured,
    Project,
    ResolvedEnvironment,
    load_configuration,
)


def configuration() -> Configuration:
    """What dashboard.toml says. Raises ConfigurationError with everything that is wrong with it."""
    return _load(Path(settings.DASHBOARD_CONFIG), configuration_version())


def configuration_version() -> tuple[int, int, int]:
    """Differs once dashboard.toml was written anew; zeros where it cannot be found."""
    try:
        status = Path(settings.DASHBOARD_CONFIG).stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=4)
def _load(path: Path, _version: tuple[int, int, int]) -> Configuration:
    return load_configuration(path, data=settings.DASHBOARD_DATA)


def find_environment(project: str, environment: str) -> tuple[Project, Environment]:
    """Both by name. Raises UnknownName, which suggests the nearest."""
    found = configuration()
    return found.project(project), found.environment(project, environment)


def title_of(project: str) -> str:
    """What people call the project of this name; the name itself where dashboard.toml no longer has it."""
    found = configuration().projects.get(project)
    return found.title if found else project


def resolve(environment: Environment) -> ResolvedEnvironment:
    """Where the environment's database is, secrets included. Raises NotConfigured."""
    return environment.resolve(os.environ)


def open_database(project: Project, environment: Environment) -> Database:
    """Raises NotConfigured when a secret cannot be resolved; connects to nothing yet."""
    return database_for(
        resolve(environment).target,
        version_table=project.version_table,
        version_table_schema=project.version_table_schema,
    )


def masker_for(environment: Environment) -> Masker:
    """Hides the environment's secrets in any text; with none resolvable it still hides URLs' passwords."""
    try:
        return Masker(resolve(environment).secrets)
    except NotConfigured:
        return Masker(())
