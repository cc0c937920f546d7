"""What no single key shows: the rules between the keys, environments and projects of a dashboard.toml."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.secrets import EnvironmentVariable
from dashboard.sources.configuration_problems import ConfigurationProblem, Location, dotted, nearest, problem_at
from dashboard.sources.configuration_schema import EnvironmentTable, ProjectTable
from dashboard.sources.configuration_target import (
    TargetRejected,
    check_driver,
    same_database_key,
    target_from_url,
    target_from_variables,
)
from dashboard.sources.configuration_variables import (
    DATABASE_VARIABLES,
    PLACEHOLDERS,
    REQUIRED_DATABASE_VARIABLES,
    is_unsafe,
    is_variable_name,
    placeholders_in,
)

NAME_HINT = 'Use lower-case letters, digits, "-" and "_" only; the title may be anything.'
OWN_SECRETS = frozenset({"DASHBOARD_SECRET_KEY", "DASHBOARD_DATABASE_URL", "DJANGO_SECRET_KEY"})
"""Variables that the dashboard keeps for itself: no child is given their values."""

_NAME = re.compile(r"[a-z0-9_-]+")


def check_name(location: Location) -> Iterator[ConfigurationProblem]:
    """The last step of `location` must be usable in a URL and on the command line."""
    if _NAME.fullmatch(str(location[-1])) is None:
        yield problem_at(location, "This name is not usable in an address.", NAME_HINT)


def check_project(name: str, project: ProjectTable, base: Path) -> Iterator[ConfigurationProblem]:
    """Whether the files that the project names are there."""
    location = ("projects", name)
    directory = base / project.directory
    if not directory.is_dir():
        yield problem_at(
            (*location, "directory"),
            f'There is no folder "{directory}".',
            "Write the path relative to dashboard.toml, or create the folder.",
        )
        return
    if (directory / project.config).is_file():
        return
    hint = "Write the path relative to the project's directory."
    if (directory / "pyproject.toml").is_file():
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


def check_variables(
    location: Location, environment: EnvironmentTable, allowed: Collection[str]
) -> Iterator[ConfigurationProblem]:
    """Names, placeholders and sources of an environment's `variables`."""
    for key, value in environment.variables.items():
        place = (*location, "variables", key)
        if not is_variable_name(key):
            yield problem_at(place, "This is no name of a variable.", "Use letters, digits and _ only.")
        elif is_unsafe(key, allowed):
            yield problem_at(
                place,
                "Such a variable can change which code runs or which database is reached.",
                f'Remove it, or add "{key}" to the project\'s allow_variables if that is what you want.',
            )
        if isinstance(value, str):
            yield from _check_template(place, value, has_url=environment.url is not None)
    for key in ("url", "variables", "options"):
        yield from _check_sources((*location, key), getattr(environment, key))


def _check_template(place: Location, template: str, *, has_url: bool) -> Iterator[ConfigurationProblem]:
    names = placeholders_in(template)
    for name in names:
        if name not in PLACEHOLDERS:
            guess = nearest(name, PLACEHOLDERS)
            meant = f'Did you mean "{{{guess}}}"?' if guess else "Known are {" + "} {".join(PLACEHOLDERS) + "}."
            yield problem_at(
                place, "It holds an unknown placeholder.", f"{meant} For the text itself double the braces."
            )
    if names and not has_url and place[-1] in DATABASE_VARIABLES:
        yield problem_at(
            place,
            "Without a url, the placeholders are filled from this very variable.",
            "Write the value itself, or give the url.",
        )
    if "\0" in template:
        yield problem_at(place, "It holds a NUL character.", "Remove it.")


def _check_sources(place: Location, value: object) -> Iterator[ConfigurationProblem]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _check_sources((*place, key), inner)
    if isinstance(value, EnvironmentVariable) and value.name in OWN_SECRETS:
        yield problem_at(
            place,
            f"{value.name} is the dashboard's own secret, and no project is given it.",
            "Name another variable.",
        )


def check_database(location: Location, environment: EnvironmentTable, base: Path) -> Iterator[ConfigurationProblem]:
    """Whether the database is given, once, in a way that is safe; as far as the file itself tells."""
    yield from _check_given_once(location, environment)
    place = (*location, "url" if environment.url is not None else "variables")
    options = {key: value if isinstance(value, str) else "" for key, value in environment.options.items()}
    try:
        if isinstance(environment.url, str):
            target_from_url(environment.url, driver=environment.driver, options=options, base=base)
        elif literal := _literal_variables(environment):
            target_from_variables(literal, driver=environment.driver, options=options)
        else:
            check_driver(environment.driver)
    except TargetRejected as error:
        place = (*location, error.key) if error.key else place
        yield problem_at(place, error.message, error.hint)


def _literal_variables(environment: EnvironmentTable) -> dict[str, str]:
    """The DATABASE_* variables, with stand-ins for what is known later; empty where nothing is literal."""
    if environment.url is not None:
        return {}
    literal = {
        key: value
        for key, value in environment.variables.items()
        if key in DATABASE_VARIABLES and isinstance(value, str) and not placeholders_in(value)
    }
    return {"DATABASE_NAME": "known_later", **literal} if literal else {}


def _check_given_once(location: Location, environment: EnvironmentTable) -> Iterator[ConfigurationProblem]:
    given = [key for key in DATABASE_VARIABLES if key in environment.variables]
    if environment.variables_prefix and not is_variable_name(environment.variables_prefix):
        yield problem_at(
            (*location, "variables_prefix"),
            "No name of a variable begins so.",
            'Write what stands before DATABASE_HOST, "STAGING_" say.',
        )
    if environment.url is not None:
        yield from _check_url_alone(location, environment, given)
        return
    if environment.variables_prefix:
        return
    missing = [key for key in REQUIRED_DATABASE_VARIABLES if key not in given]
    if not given:
        yield problem_at(
            location,
            "The environment names no database.",
            'Write url = "postgresql://..." or "sqlite:///...", variables_prefix = "STAGING_", or DATABASE_HOST, '
            "DATABASE_PORT, DATABASE_NAME, DATABASE_USER and DATABASE_PASSWORD in variables.",
        )
    elif missing:
        yield problem_at(
            (*location, "variables"),
            f"The database is named in part only: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            "Add what is missing, or give the url.",
        )


def _check_url_alone(
    location: Location, environment: EnvironmentTable, given: list[str]
) -> Iterator[ConfigurationProblem]:
    if environment.variables_prefix:
        yield problem_at(
            (*location, "variables_prefix"),
            "The database is given twice, by url and by variables_prefix.",
            "Keep one of them.",
        )
    for key in [*given, *(["DATABASE_URL"] if "DATABASE_URL" in environment.variables else [])]:
        value = environment.variables[key]
        if not isinstance(value, str) or not placeholders_in(value):
            yield problem_at(
                (*location, "variables", key),
                f"The database is given twice, by url and by {key}.",
                f"Keep one of them; {key} is filled from the url by itself.",
            )


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
