"""A folder with a dashboard.toml and the project that it names, for the tests of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dashboard.sources.configuration import (
    Configuration,
    ConfigurationError,
    ConfigurationProblem,
    Environment,
    load_configuration,
)

PROJECT = '[projects.api]\ndirectory = "api"\n'


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Configuration:
    """Writes dashboard.toml and api/alembic.ini, then reads the former. Nothing of our own environment is seen."""
    (folder / "api").mkdir(exist_ok=True)
    (folder / "api/alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    path = folder / "dashboard.toml"
    path.write_text(text)
    return load_configuration(path, environ=environ or {})


def load_environment(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> Environment:
    """The environment `production` of which `lines` is the table."""
    text = f"{PROJECT}[projects.api.environments.production]\n{lines}\n"
    return load(folder, text, environ).environment("api", "production")


def error_of(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> ConfigurationError:
    """What `load` raises."""
    try:
        load(folder, text, environ)
    except ConfigurationError as error:
        return error
    raise AssertionError("the configuration was accepted")


def problems_of(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> list[ConfigurationProblem]:
    """What is wrong where the table of the environment `production` is `lines`."""
    text = f"{PROJECT}[projects.api.environments.production]\n{lines}\n"
    return list(error_of(folder, text, environ).problems)


def only_problem(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The key, relative to the environment's, and the message with the hint of the one problem there is."""
    problems = problems_of(folder, lines, environ)
    assert len(problems) == 1, problems
    key = problems[0].key.removeprefix("projects.api.environments.production").removeprefix(".")
    return key, f"{problems[0].message} {problems[0].hint}"
