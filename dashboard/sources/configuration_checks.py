"""What no single key shows: the rules between the projects, environments and files of a dashboard.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.sources.configuration_problems import ConfigurationProblem, Location, dotted, nearest, problem_at
from dashboard.sources.configuration_schema import ProjectTable
from dashboard.sources.configuration_target import same_database_key

NAME_HINT = 'Use lower-case letters, digits, "-" and "_" only; the title may be anything.'
_NAME = re.compile(r"[a-z0-9_-]+")


def check_name(location: Location) -> Iterator[ConfigurationProblem]:
    """The last step of `location` must be usable in a URL and on the command line."""
    if _NAME.fullmatch(str(location[-1])) is None:
        yield problem_at(location, "This name is not usable in an address.", NAME_HINT)


def check_project(name: str, project: ProjectTable, base: Path) -> Iterator[ConfigurationProblem]:
    """Whether the files that the project names are there."""
    location = ("projects", name)
    directory = base / project.directory
    # os.path's tests say no where pathlib's raise: in a folder that we may not enter.
    if not os.path.isdir(directory):  # noqa: PTH112
        yield problem_at(
            (*location, "directory"),
            f'There is no folder "{directory}".',
            "Write the path relative to dashboard.toml, or create the folder.",
        )
        return
    if os.path.isfile(directory / project.config):  # noqa: PTH113
        return
    hint = "Write the path relative to the project's directory."
    if os.path.isfile(directory / "pyproject.toml"):  # noqa: PTH113
        hint += ' Where Alembic is configured in pyproject.toml: config = "pyproject.toml".'
    yield problem_at((*location, "config"), f'There is no file "{directory / project.config}".', hint)


def check_requires(name: str, requires: Mapping[str, tuple[str, ...]]) -> Iterator[ConfigurationProblem]:
    """`requires` maps every environment of project `name` to those it requires."""
    for environment, required in requires.items():
        location = ("projects", name, "environments", environment, "requires")
        for other in required:
            if other not in requires:
                guess = nearest(other, requires)
                hint = f'Did you mean "{guess}"?' if guess else f"There are {', '.join(requires)}."
                yield problem_at(location, f'The project has no environment "{other}".', hint)
    for cycle in _cycles(requires):
        yield problem_at(
            ("projects", name, "environments", cycle[0], "requires"),
            f"These environments require each other in a circle: {' -> '.join([*cycle, cycle[0]])}.",
            "None of them could ever be upgraded: remove one of the requirements.",
        )


def check_formerly(name: str, formerly: Mapping[str, str]) -> Iterator[ConfigurationProblem]:
    """`formerly` maps every environment of project `name` to the name that it had before, empty for none."""
    heirs: dict[str, str] = {}
    for environment, before in formerly.items():
        location = ("projects", name, "environments", environment, "formerly")
        if before and before in formerly:
            hint = "Only an environment that is no longer configured can have been renamed: remove the key."
            yield problem_at(location, f'The project has an environment "{before}" still.', hint)
        elif before and before in heirs:
            hint = "Only one environment can keep its past: remove one of the two keys."
            yield problem_at(location, f'"{heirs[before]}" was formerly "{before}", too.', hint)
        heirs.setdefault(before, environment)


def _cycles(requires: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """One cycle for each group of environments that lie on a common one, each beginning with its first in the file."""
    reported: set[str] = set()
    cycles = []
    for start in requires:
        cycle = _way_back(start, requires) if start not in reported else ()
        if cycle:
            reported.update(cycle)
            cycles.append(cycle)
    return cycles


def _way_back(start: str, requires: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from `start` over what it requires back to itself, without the return."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for other in requires.get(way[-1], ()):
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


@dataclass(frozen=True, slots=True)
class VersionTable:
    """Where one environment keeps its version table."""

    location: Location
    """Of the environment in the file."""
    target: DatabaseTarget
    schema: str
    name: str


def check_distinct(version_tables: Iterable[VersionTable]) -> Iterator[ConfigurationProblem]:
    """No two environments may share a version table: each would show and run the other's revisions."""
    seen: dict[tuple[str, ...], Location] = {}
    for table in version_tables:
        key = (*same_database_key(table.target), table.schema, table.name)
        first = seen.setdefault(key, table.location)
        if first != table.location:
            yield problem_at(
                table.location,
                f"This is the same database as {dotted(first)}.",
                "Give each its own database; projects that share one need different version tables "
                "(version_table, version_table_schema).",
            )
