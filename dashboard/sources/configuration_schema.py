"""The keys of dashboard.toml: their types, defaults and meaning. A new key is a new field here.

A field's `description` says what the key means; it is shown with every error about the key.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from dashboard.secrets import EnvironmentVariable, SecretFile, Source

DURATION_HINT = 'Write a number and its unit (s, m, h, d) in quotes: "5s", "10m", "1h", "2d".'
SIZE_HINT = 'Write a number and its unit (kB, MB, GB, TB) in quotes: "500MB", "50GB".'
SOURCE_HINT = 'Write a string in quotes, { env = "NAME" } or { file = "path" }.'

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_SIZE = re.compile(r"([0-9]{1,9})(kB|MB|GB|TB)")
_BYTES = {"kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_DURATION = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)")
_LONGEST = timedelta(days=3650)
"""Ten years: the clock can be set back by so much without leaving the calendar."""
_LONGEST_OF_SERVER = timedelta(days=24)
"""PostgreSQL counts its timeouts in milliseconds, in 31 bits."""


def _duration(value: object) -> timedelta:
    """'1h', '90s', '1h30m'; an omitted key's default comes as it is."""
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > 40 or _DURATION.sub("", text):
        raise PydanticCustomError("duration", "This is no duration.", {"hint": DURATION_HINT})
    duration = sum((int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)), timedelta())
    return _at_most(duration, _LONGEST)


def _at_most(value: timedelta, longest: timedelta) -> timedelta:
    if value > longest:
        raise PydanticCustomError("duration", "It is too long.", {"hint": f'Write "{longest.days}d" at most.'})
    return value


def _within_server_limit(value: timedelta) -> timedelta:
    return _at_most(value, _LONGEST_OF_SERVER)


def _above_zero(value: timedelta) -> timedelta:
    if not value:
        raise PydanticCustomError("duration", "It must be longer than nothing.", {"hint": DURATION_HINT})
    return value


def _size(value: object) -> int | None:
    """'50GB' in bytes; an omitted key's default comes as it is."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("size", "This is no size.", {"hint": SIZE_HINT})
    return int(match[1]) * _BYTES[match[2]]


def _source(value: object) -> Source:
    if isinstance(value, str | EnvironmentVariable | SecretFile):
        return value
    raise PydanticCustomError("source", "This is no string.", {"hint": SOURCE_HINT})


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("nul", "It holds a NUL character.", {"hint": "Remove it."})
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
PositiveDuration = Annotated[Duration, AfterValidator(_above_zero)]
ServerDuration = Annotated[Duration, AfterValidator(_within_server_limit)]
PositiveServerDuration = Annotated[PositiveDuration, AfterValidator(_within_server_limit)]
Text = Annotated[str, AfterValidator(_no_nul)]
FilledText = Annotated[Text, Field(min_length=1)]
Size = Annotated[int, BeforeValidator(_size)]
"""Bytes."""
ConfiguredSource = Annotated[Any, PlainValidator(_source)]
"""A `Source`, kept as it is until an environment is resolved."""


class Table(BaseModel):
    """One table of dashboard.toml. Unknown keys are errors, and no error or repr shows a value."""

    # hide_input_in_errors: pydantic's errors print what was given, a URL with its password among it.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class BackupTable(Table):
    """`backup = { ... }`: how the backup before a run is made, and how good it must be."""

    method: Literal["dump", "command", "attest"] = Field(
        default="dump",
        description="how the backup comes about: taken by the dashboard, by a command, or attested by the operator",
    )
    command: list[FilledText] = Field(
        default=[], description="the command that takes a backup, its program and each argument a string of its own"
    )
    timeout: PositiveDuration = Field(default=timedelta(hours=1), description="how long the command may take")
    directory: FilledText | None = Field(default=None, description="the folder of the dumps")
    tools: Text = Field(default="", description="the folder of pg_dump and pg_restore; empty: found by server version")
    max_age: PositiveDuration = Field(default=timedelta(hours=1), description="how old a backup may be for a run")
    verify: Literal["read", "restore"] = Field(
        default="read", description="how a backup is proven: read through, or also restored and compared"
    )
    keep: int = Field(default=10, ge=1, description="how many backups are kept")


class ScratchTable(Table):
    """`scratch = { ... }`: where backups are restored in order to prove them."""

    url: ConfiguredSource = Field(
        default=None,
        repr=False,
        description="the SQLAlchemy URL of a server for copies, and of a database to connect to",
    )
    space: Size | None = Field(default=None, description="how much disk all copies together may take there")


class RehearsalTable(Table):
    """`rehearsal = { ... }`: what a plan may do to a restored copy before it may be confirmed."""

    max_lock: PositiveDuration | None = Field(
        default=None, description="how long a lock may be held that keeps others from writing to a table"
    )
    max_rewrite: Size | None = Field(default=None, description="how many bytes of tables and indexes may be rewritten")


class DriftTable(Table):
    """`drift = { ... }`: how the database's schema is compared with what its revisions and the models say."""

    every: PositiveDuration | None = Field(
        default=None, description="how often that is done by itself; left out: never"
    )
    ignore: list[FilledText] = Field(
        default=[], description="patterns of names of tables and other objects that are not the revisions'"
    )
    replica: ConfiguredSource = Field(
        default=None, repr=False, description="the SQLAlchemy URL of a physical replica, which is read instead"
    )


class TimeoutsTable(Table):
    """`timeouts = { ... }`: what a run may wait for, and how long it may take."""

    lock: PositiveServerDuration = Field(
        default=timedelta(seconds=5), description="how long a statement may wait for a lock"
    )
    statement: ServerDuration = Field(default=timedelta(), description="how long a statement may take; 0s: no limit")
    run: PositiveDuration = Field(default=timedelta(hours=1), description="how long a run may take")


class EnvironmentTable(Table):
    """`[projects.NAME.environments.NAME]`: one database that carries a version table."""

    url: ConfiguredSource = Field(default=None, repr=False, description="the SQLAlchemy URL of the database")
    variables_prefix: Text = Field(
        default="", description="what stands before DATABASE_HOST and so on in the dashboard's own environment"
    )
    variables: dict[str, ConfiguredSource] = Field(
        default={}, repr=False, description="what the project's env.py is given beside DATABASE_URL"
    )
    options: dict[str, ConfiguredSource] = Field(
        default={}, repr=False, description="parameters of the connection, sslmode say"
    )
    driver: Text = Field(default="", description="SQLAlchemy's driver that the project uses")
    ref: Text = Field(
        default="", description="the branch, tag or commit whose code this database runs; empty: the work tree"
    )
    allow: list[Literal["upgrade", "downgrade", "stamp", "start_fresh", "restore"]] = Field(
        default=["upgrade"], description="what may be done to this database"
    )
    requires: list[Text] = Field(default=[], description="environments that must have a revision before this one")
    accept_findings: list[Literal["error", "destructive", "not_understood", "locking", "breaking", "note"]] = Field(
        default=["error", "destructive"], description="the levels of findings that an operator must have accepted"
    )
    requires_review: bool = Field(
        default=False, description="whether a run needs every revision file of its plan to be reviewed"
    )
    stale_after: PositiveDuration = Field(
        default=timedelta(minutes=10), description="the age from which an observation is shown as stale"
    )
    upgrade_within: PositiveDuration | None = Field(
        default=None, description="how long revisions may be pending before that needs attention"
    )
    formerly: Text = Field(default="", description="the name that the environment had before, whose past it keeps")
    backup: BackupTable = Field(default_factory=BackupTable, description="the backup that a run needs")
    scratch: ScratchTable | None = Field(
        default=None, description="the server on which backups are restored in order to prove them"
    )
    rehearsal: RehearsalTable | None = Field(
        default=None, description="asks for a rehearsal on a restored copy before a run, and sets its budgets"
    )
    drift: DriftTable = Field(
        default_factory=DriftTable, description="how the schema is compared with what the revisions say"
    )
    timeouts: TimeoutsTable = Field(default_factory=TimeoutsTable, description="the time limits of a run")


class ProjectTable(Table):
    """`[projects.NAME]`: one Alembic script directory with its configuration."""

    title: Text = Field(default="", description="the name that pages show")
    directory: FilledText = Field(default=".", description="the folder in which alembic would be called")
    config: FilledText = Field(default="alembic.ini", description="Alembic's configuration file, relative to directory")
    section: FilledText = Field(default="alembic", description="the section of the ini file, as alembic -n")
    python: FilledText = Field(
        default=sys.executable, description="the interpreter that has the project's packages installed"
    )
    script_location: Text = Field(default="", description="the script directory, where the ini file names none")
    version_locations: list[FilledText] = Field(
        default=[], description="the folders of the revisions, where the project sets them in code"
    )
    version_table: FilledText = Field(default="alembic_version", description="the name of the version table")
    version_table_schema: Text = Field(default="", description="the schema of the version table")
    heads: list[FilledText] = Field(default=[], description="the names of the permanent heads")
    git: bool = Field(default=True, description="whether the repository of the script directory is read")
    writable: bool = Field(
        default=False, description="whether new revision files may be written into the work tree from the dashboard"
    )
    fetch_every: Duration = Field(default=timedelta(), description="how often `git fetch` is run; 0s: never")
    allow_variables: list[Text] = Field(
        default=[], description="variables beyond the safe ones that the project's env.py may be given"
    )
    environments: dict[str, EnvironmentTable] = Field(default={}, description="the project's databases")


class DashboardTable(Table):
    """The whole file."""

    projects: dict[str, ProjectTable] = Field(default={}, description="the projects that the dashboard shows")


def table_at(location: tuple[int | str, ...]) -> type[Table] | None:
    """The table that stands at a location such as ("projects", "api", "environments", "staging", "backup")."""
    shape = tuple("*" if place in (1, 3) else step for place, step in enumerate(location))
    return _TABLES.get(shape)


_PROJECT = ("projects", "*")
_ENVIRONMENT = (*_PROJECT, "environments", "*")
_TABLES: Mapping[tuple[int | str, ...], type[Table]] = {
    (): DashboardTable,
    _PROJECT: ProjectTable,
    _ENVIRONMENT: EnvironmentTable,
    (*_ENVIRONMENT, "backup"): BackupTable,
    (*_ENVIRONMENT, "scratch"): ScratchTable,
    (*_ENVIRONMENT, "rehearsal"): RehearsalTable,
    (*_ENVIRONMENT, "drift"): DriftTable,
    (*_ENVIRONMENT, "timeouts"): TimeoutsTable,
}
