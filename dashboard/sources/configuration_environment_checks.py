"""What no single key of an environment shows: whether its database and variables are given once, safely."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from dashboard.database_target import Dialect
from dashboard.secrets import Source
from dashboard.sources.configuration_problems import ConfigurationProblem, Location, nearest, problem_at
from dashboard.sources.configuration_schema import EnvironmentTable
from dashboard.sources.configuration_target import (
    TargetRejected,
    check_driver,
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


def check_variables(
    location: Location, environment: EnvironmentTable, allowed: Collection[str]
) -> Iterator[ConfigurationProblem]:
    """Names and placeholders of an environment's `variables`."""
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
    if "DATABASE_URL" in environment.variables and not _is_filled(environment.variables["DATABASE_URL"]):
        yield problem_at(
            (*location, "variables", "DATABASE_URL"),
            "The project would reach another database than the one that is shown and backed up.",
            "Give the URL by the key url: DATABASE_URL is filled from it by itself.",
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
    for key in given:
        if not _is_filled(environment.variables[key]):
            yield problem_at(
                (*location, "variables", key),
                f"The database is given twice, by url and by {key}.",
                f"Keep one of them; {key} is filled from the url by itself.",
            )


def _is_filled(value: Source) -> bool:
    """Whether a variable's value is made from the environment's database."""
    return isinstance(value, str) and bool(placeholders_in(value))


def check_backup(location: Location, environment: EnvironmentTable, base: Path) -> Iterator[ConfigurationProblem]:
    """Whether the keys about backups fit together: a method and what it needs, a proof and what it needs."""
    backup = environment.backup
    place = (*location, "backup")
    if backup.method == "command" and not backup.command:
        yield problem_at(
            (*place, "command"), "The method is command, and there is none.", 'Write command = ["program", "argument"].'
        )
    if backup.method != "command" and backup.command:
        yield problem_at(
            (*place, "command"),
            "It is not used, since the method is another.",
            'Write method = "command", or remove it.',
        )
    if backup.verify == "restore" and backup.method != "dump":
        yield problem_at(
            (*place, "verify"),
            "Only a backup that the dashboard itself takes can be restored by it.",
            'Write verify = "read", or method = "dump".',
        )
    if environment.rehearsal is not None and backup.method == "command":
        yield problem_at(
            (*location, "rehearsal"),
            "Only on a backup that the dashboard itself takes can a plan be rehearsed.",
            'Remove it, or write method = "dump" in backup.',
        )
    yield from _check_scratch(location, environment, base)


def _check_scratch(location: Location, environment: EnvironmentTable, base: Path) -> Iterator[ConfigurationProblem]:
    place, scratch = (*location, "scratch"), environment.scratch
    is_sqlite = _is_sqlite(environment)
    may_be_sqlite = environment.url is not None and not isinstance(environment.url, str)
    if scratch is None:
        if environment.rehearsal is not None and not (is_sqlite or may_be_sqlite):
            yield problem_at(
                (*location, "rehearsal"),
                "There is no server on which a plan could be rehearsed.",
                'Name one: scratch = { url = { env = "SCRATCH_URL" } }.',
            )
        if environment.backup.verify == "restore" and not (is_sqlite or may_be_sqlite):
            yield problem_at(
                (*location, "backup", "verify"),
                "There is no server on which a backup could be restored.",
                'Name one: scratch = { url = { env = "SCRATCH_URL" } }.',
            )
        return
    if is_sqlite:
        yield problem_at(place, "A backup of SQLite is restored into a temporary file.", "Remove it.")
    if scratch.url is None:
        yield problem_at(place, "It names no server.", 'Write scratch = { url = { env = "SCRATCH_URL" } }.')
    yield from _check_server((*place, "url"), scratch.url, base)


def check_drift(location: Location, environment: EnvironmentTable, base: Path) -> Iterator[ConfigurationProblem]:
    """Whether the replica is one that can be read."""
    place, replica = (*location, "drift", "replica"), environment.drift.replica
    if replica is not None and _is_sqlite(environment):
        yield problem_at(place, "A SQLite file has no replica.", "Remove it.")
        return
    yield from _check_server(place, replica, base)


def _is_sqlite(environment: EnvironmentTable) -> bool:
    return isinstance(environment.url, str) and environment.url.strip().startswith("sqlite")


def _check_server(place: Location, url: Source | None, base: Path) -> Iterator[ConfigurationProblem]:
    """A literal URL; what comes from elsewhere is known later."""
    if not isinstance(url, str):
        return
    try:
        target = target_from_url(url, driver="", options={}, base=base)
    except TargetRejected as error:
        yield problem_at(place, error.message, error.hint)
        return
    if target.dialect is not Dialect.POSTGRESQL:
        yield problem_at(place, "This is no PostgreSQL server.", "Write postgresql://user:password@host:port/postgres.")
