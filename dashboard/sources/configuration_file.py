"""From the bytes of dashboard.toml to its tables, with everything that is wrong in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dashboard.secrets import EnvironmentVariable, SecretFile, SecretUnresolved, resolve_source
from dashboard.sources.configuration_checks import check_formerly, check_name, check_project, check_requires
from dashboard.sources.configuration_environment_checks import (
    check_backup,
    check_database,
    check_drift,
    check_variables,
)
from dashboard.sources.configuration_problems import (
    ConfigurationError,
    ConfigurationProblem,
    Location,
    dotted,
    problem_at,
    problems_of,
)
from dashboard.sources.configuration_schema import DashboardTable, table_at

EXAMPLE = """\
[projects.api]
directory = "api"                  # the folder with alembic.ini

[projects.api.environments.production]
url = { env = "PRODUCTION_URL" }   # or "postgresql://user:password@host/name", or "sqlite:///app.db"
"""

OWN_SECRETS = frozenset({"DASHBOARD_SECRET_KEY", "DASHBOARD_DATABASE_URL", "DJANGO_SECRET_KEY"})
"""Variables that the dashboard keeps for itself."""

_LATER = frozenset({"url", "variables", "options", "scratch", "drift"})
"""Keys of an environment that are resolved when it is used, so that a missing secret concerns it alone."""
_MAPPINGS = frozenset({"projects", "environments"})
"""Keys whose tables hold names of the user's choice: { env = "x" } is no source there."""


def read_file(path: Path) -> dict[str, Any]:
    """The parsed file. Raises ConfigurationError where there is none, or it is no TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        message = "There is no such file."
        hint = f"Create it, or name another by DASHBOARD_CONFIG. For a start:\n{_indented(EXAMPLE)}"
    except OSError as error:
        message = f"It cannot be read: {error.strerror or 'unknown cause'}."
        hint = "Let the user that the dashboard runs as read it, or name another by DASHBOARD_CONFIG."
    except UnicodeDecodeError as error:
        message = f"It is not UTF-8 text (byte {error.start})."
        hint = "Save it as UTF-8."
    except tomllib.TOMLDecodeError as error:
        message = f"It is no valid TOML: {error}."  # names a place and keys, never a value
        hint = "Strings stand in quotes, a key is written once, a table's name in brackets."
    except RecursionError:
        message, hint = "It is nested too deeply.", "Remove the nesting."
    # Outside of the handlers, so that no chained error shows the text.
    raise ConfigurationError(path, [ConfigurationProblem(key="", message=message, hint=hint)])


def checked_tables(
    raw: Mapping[str, Any], environ: Mapping[str, str], base: Path
) -> tuple[DashboardTable, list[ConfigurationProblem]]:
    """The tables, less every key that is wrong, and what is wrong with these and between the others."""
    problems: list[ConfigurationProblem] = []
    tree = _resolved_tree(dict(raw), (), environ, base, problems)
    dropped = {problem.key for problem in problems}
    try:
        tables = DashboardTable.model_validate(tree)
    except ValidationError as error:
        found = problems_of(error)
        for location, problem in found:
            problems.append(problem)
            dropped.add(problem.key)
            _drop(tree, location)
        # What is left is valid: every key has a default.
        tables = DashboardTable.model_validate(tree)
    problems += _rules(tables, base, dropped)
    return tables, list(dict.fromkeys(problems))


def _rules(tables: DashboardTable, base: Path, dropped: set[str]) -> Iterator[ConfigurationProblem]:
    """What the rules between the keys find, unless it only follows from a key that was dropped before."""

    def was_dropped(*location: str) -> bool:
        return any(f"{key}.".startswith(f"{dotted(location)}.") for key in dropped)

    if not tables.projects and not was_dropped("projects"):
        yield ConfigurationProblem(key="", message="It names no project.", hint=f"For a start:\n{_indented(EXAMPLE)}")
    for name, project in tables.projects.items():
        location = ("projects", name)
        yield from check_name(location)
        if not (was_dropped(*location, "directory") or was_dropped(*location, "config")):
            yield from check_project(name, project, base)
        if not project.environments and not was_dropped(*location, "environments"):
            yield problem_at(
                (*location, "environments"),
                "The project has no environment, so there is nothing to show.",
                f'For a start:\n    [projects.{name}.environments.development]\n    url = "sqlite:///app.db"',
            )
        for key, environment in project.environments.items():
            place = (*location, "environments", key)
            yield from check_name(place)
            yield from check_variables(place, environment, project.allow_variables)
            if not any(was_dropped(*place, given) for given in ("backup", "scratch")):
                yield from check_backup(place, environment, base)
            if not was_dropped(*place, "drift"):
                yield from check_drift(place, environment, base)
            if not any(was_dropped(*place, given) for given in ("url", "variables", "variables_prefix")):
                yield from check_database(place, environment, base)
        requires = {key: tuple(inner.requires) for key, inner in project.environments.items()}
        yield from check_requires(name, requires)
        yield from check_formerly(name, {key: inner.formerly for key, inner in project.environments.items()})


def _resolved_tree(
    value: Any, location: Location, environ: Mapping[str, str], base: Path, problems: list[ConfigurationProblem]
) -> Any:
    """A copy with every `{ env = ... }` and `{ file = ... }` replaced, or kept as a source where it is for later.

    None, which TOML does not have, where the value cannot be had; then `problems` says why.
    """
    if isinstance(value, list):
        items = [_resolved_tree(inner, location, environ, base, problems) for inner in value]
        return [item for item in items if item is not None]
    if not isinstance(value, dict):
        return value
    source = None if _holds_names(location) else _as_source(value)
    if source is None:
        known = table_at(location)
        tree = {
            # What stands below an unknown key is not looked at: the key itself is the problem.
            key: inner
            if known is not None and key not in known.model_fields
            else _resolved_tree(inner, (*location, key), environ, base, problems)
            for key, inner in value.items()
        }
        return {key: inner for key, inner in tree.items() if inner is not None}
    if isinstance(source, EnvironmentVariable) and source.name in OWN_SECRETS:
        message = f"{source.name} is the dashboard's own secret: no project is given it, and no page shows it."
        problems.append(problem_at(location, message, "Name another variable."))
        return None
    if _is_for_later(location):
        return source
    try:
        return resolve_source(source, environ, base)
    except SecretUnresolved as error:
        problems.append(problem_at(location, "Its value cannot be found.", str(error)))
        return None


def _as_source(table: Mapping[str, Any]) -> EnvironmentVariable | SecretFile | None:
    match table:
        case {"env": str(name), **rest} if name and not rest:
            return EnvironmentVariable(name)
        case {"file": str(path), **rest} if path and not rest:
            return SecretFile(path)
    return None


def _holds_names(location: Location) -> bool:
    """Whether the table at `location` maps names of the user's choice, so that `env` may be one of them."""
    if not location or location[-1] in _MAPPINGS:
        return True
    return len(location) == 5 and location[4] in {"variables", "options"}


def _is_for_later(location: Location) -> bool:
    return len(location) > 4 and location[2] == "environments" and location[4] in _LATER


def _drop(tree: Any, location: Location) -> None:
    """Removes what stands at `location`; for a place in a list, the whole list, whose default then holds."""
    for depth, step in enumerate(location):
        if depth == len(location) - 1 or isinstance(location[depth + 1], int):
            tree.pop(step, None)
            return
        if not isinstance(tree.get(step), dict):
            return
        tree = tree[step]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
