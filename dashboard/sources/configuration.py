"""dashboard.toml: the projects and environments that the dashboard shows, read and checked as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dashboard.sources.configuration_checks import VersionTable, check_distinct
from dashboard.sources.configuration_environment import (
    BackupSettings,
    DriftSettings,
    Environment,
    NotConfigured,
    RehearsalSettings,
    ResolvedEnvironment,
    ScratchSettings,
    Timeouts,
)
from dashboard.sources.configuration_file import checked_tables, read_file
from dashboard.sources.configuration_problems import ConfigurationError, ConfigurationProblem, nearest
from dashboard.sources.configuration_schema import EnvironmentTable, ProjectTable
from dashboard.sources.project_source import ProjectSource

__all__ = [
    "BackupSettings",
    "Configuration",
    "ConfigurationError",
    "ConfigurationProblem",
    "DriftSettings",
    "Environment",
    "NotConfigured",
    "Project",
    "RehearsalSettings",
    "ResolvedEnvironment",
    "ScratchSettings",
    "Timeouts",
    "UnknownName",
    "load_configuration",
]


class UnknownName(LookupError):
    """No project or environment has this name; the message suggests the nearest, `guess`, if one is near."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = tuple(known)
        self.guess = nearest(name, names)
        hint = f'Did you mean "{self.guess}"?' if self.guess else f"There are: {', '.join(names)}."
        super().__init__(f'{what} "{name}". {hint}')


@dataclass(frozen=True, slots=True)
class Project:
    """One Alembic script directory with its configuration. Paths are absolute."""

    name: str
    title: str
    """The name where none was given."""
    directory: Path
    config: Path
    section: str
    python: str
    script_location: str
    """As Alembic takes it; empty: what the configuration says."""
    version_locations: tuple[str, ...]
    version_table: str
    version_table_schema: str
    heads: tuple[str, ...]
    git: bool
    writable: bool
    """New revision files may be written into the work tree from the dashboard."""
    fetch_every: timedelta
    """Zero: never."""
    allow_variables: frozenset[str]
    environments: dict[str, Environment] = field(hash=False)
    """In the order of the file."""

    def environment(self, name: str) -> Environment:
        """Raises UnknownName."""
        if name not in self.environments:
            raise UnknownName(f'Project "{self.name}" has no environment', name, self.environments)
        return self.environments[name]

    def source(self) -> ProjectSource:
        """What reading the script directory needs."""
        return ProjectSource(
            directory=self.directory,
            config=self.config,
            section=self.section,
            script_location=self.script_location,
            version_locations=self.version_locations,
            git=self.git,
        )


@dataclass(frozen=True, slots=True)
class Configuration:
    """A dashboard.toml in which nothing is wrong."""

    path: Path
    projects: dict[str, Project] = field(hash=False)
    """In the order of the file."""

    def project(self, name: str) -> Project:
        """Raises UnknownName."""
        if name not in self.projects:
            raise UnknownName("There is no project", name, self.projects)
        return self.projects[name]

    def environment(self, project: str, name: str) -> Environment:
        """Raises UnknownName."""
        return self.project(project).environment(name)


def load_configuration(
    path: Path, *, environ: Mapping[str, str] | None = None, data: Path | None = None
) -> Configuration:
    """The configuration in the file `path`. Raises ConfigurationError with everything that is wrong, at once.

    `environ` (default: ours) is where `{ env = "NAME" }` is looked up. An environment whose url, variables or
    options cannot be resolved is no error here: its `resolve` says so. `data` is the folder of the dashboard's own
    files, for backups whose `directory` is left out (default: `var` beside the file).
    """
    environ = os.environ if environ is None else environ
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link to the file keeps its own folder
    tables, problems = checked_tables(read_file(path), environ, path.parent)
    data = data or path.parent / "var"
    projects = {name: _project(name, table, path.parent, data) for name, table in tables.projects.items()}
    problems += check_distinct(_version_tables(projects, environ))
    if problems:
        raise ConfigurationError(path, problems)
    return Configuration(path=path, projects=projects)


def _version_tables(projects: Mapping[str, Project], environ: Mapping[str, str]) -> Iterator[VersionTable]:
    """Where every environment that can be resolved now keeps its version table."""
    for project in projects.values():
        for name, environment in project.environments.items():
            with suppress(NotConfigured):
                yield VersionTable(
                    location=("projects", project.name, "environments", name),
                    target=environment.resolve(environ).target,
                    schema=project.version_table_schema,
                    name=project.version_table,
                )


def _project(name: str, table: ProjectTable, base: Path, data: Path) -> Project:
    directory = _absolute(base, table.directory)
    return Project(
        name=name,
        title=table.title or name,
        directory=directory,
        config=_absolute(directory, table.config),
        section=table.section,
        # Never resolved: a virtual environment's interpreter is a link, and knows its packages by its place.
        python=str(_absolute(base, table.python)),
        script_location=table.script_location,
        version_locations=tuple(table.version_locations),
        version_table=table.version_table,
        version_table_schema=table.version_table_schema,
        heads=tuple(table.heads),
        git=table.git,
        writable=table.writable,
        fetch_every=table.fetch_every,
        allow_variables=frozenset(table.allow_variables),
        environments={key: _environment(name, key, inner, base, data) for key, inner in table.environments.items()},
    )


def _environment(project: str, name: str, table: EnvironmentTable, base: Path, data: Path) -> Environment:
    """The environment of a checked table."""
    backup = table.backup
    return Environment(
        project=project,
        name=name,
        base=base,
        allow=frozenset(table.allow),
        requires=tuple(dict.fromkeys(table.requires)),
        requires_review=table.requires_review,
        stale_after=table.stale_after,
        upgrade_within=table.upgrade_within,
        formerly=table.formerly,
        backup=BackupSettings(
            method=backup.method,
            command=tuple(backup.command),
            timeout=backup.timeout,
            directory=_absolute(base, backup.directory) if backup.directory else data / "backups",
            tools=str(_absolute(base, backup.tools)) if backup.tools else "",
            max_age=backup.max_age,
            verify=backup.verify,
            keep=backup.keep,
        ),
        scratch=ScratchSettings(table.scratch.url, table.scratch.space)
        if table.scratch and table.scratch.url is not None
        else None,
        rehearsal=RehearsalSettings(table.rehearsal.max_lock, table.rehearsal.max_rewrite) if table.rehearsal else None,
        drift=DriftSettings(table.drift.every, tuple(table.drift.ignore), table.drift.replica),
        timeouts=Timeouts(lock=table.timeouts.lock, statement=table.timeouts.statement, run=table.timeouts.run),
        driver=table.driver,
        ref=table.ref,
        accept_findings=frozenset(table.accept_findings),
        variables_prefix=table.variables_prefix,
        url=table.url,
        variables=dict(table.variables),
        options=dict(table.options),
    )


def _absolute(base: Path, text: str) -> Path:
    return Path(os.path.abspath(base / text))  # noqa: PTH100 - links stay as they were written
