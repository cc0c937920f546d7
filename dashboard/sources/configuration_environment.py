"""One environment of the configuration, and how it becomes a database target at the moment of use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.secrets import SHORTEST_MASKED, EnvironmentVariable, SecretFile, SecretUnresolved, Source, resolve_source
from dashboard.sources.configuration_target import TargetRejected, target_from_url, target_from_variables
from dashboard.sources.configuration_variables import (
    DATABASE_VARIABLES,
    REQUIRED_DATABASE_VARIABLES,
    fill,
    placeholder_values,
    placeholders_in,
    sounds_secret,
)


class NotConfigured(Exception):
    """An environment's database is not known yet: `unreachable (not_configured)`. Says what is missing, no secret."""


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The backup that a run of the environment needs."""

    method: Literal["dump", "command", "attest"]
    command: tuple[str, ...]
    """Program and arguments; empty unless `method` is command. It works in the folder of dashboard.toml."""
    timeout: timedelta
    """What the command may take."""
    directory: Path
    """Absolute."""
    tools: str
    """Folder of pg_dump and pg_restore, absolute; empty: found by the server's version."""
    max_age: timedelta
    verify: Literal["read", "restore"]
    keep: int


@dataclass(frozen=True, slots=True)
class ScratchSettings:
    """The server on which backups are restored in order to prove them."""

    url: Source = field(repr=False)
    space: int | None
    """Bytes that all copies together may take; None: what the disk has."""


@dataclass(frozen=True, slots=True)
class RehearsalSettings:
    """What a plan may do in its rehearsal. None: no limit."""

    max_lock: timedelta | None
    max_rewrite: int | None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How the database's schema is compared with what it should be."""

    every: timedelta | None
    """None: on request alone."""
    ignore: tuple[str, ...]
    """Patterns of names, `audit_*` or `schema.name`."""
    replica: Source | None = field(repr=False)
    """The URL of a physical replica that is read instead; None: the database itself is."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time limits of a run."""

    lock: timedelta
    statement: timedelta
    """Zero: no limit."""
    run: timedelta


@dataclass(frozen=True, slots=True)
class ResolvedEnvironment:
    """An environment with its secrets, for the moment of use only: never store or log it; `repr` shows none."""

    target: DatabaseTarget
    child_variables: dict[str, str] = field(repr=False)
    """For the child's environment: DATABASE_URL, the five DATABASE_* and the configured ones, filled in."""
    secrets: tuple[str, ...] = field(repr=False)
    """What no text may show: for `Masker`."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One database (or schema) of a project that carries a version table, as configured."""

    project: str
    name: str
    base: Path = field(repr=False)
    """The folder of dashboard.toml."""
    allow: frozenset[str]
    requires: tuple[str, ...]
    accept_findings: frozenset[str]
    """Levels, as gate/finding_policy.py names them."""
    requires_review: bool
    """A run needs every revision file of its plan to be reviewed."""
    stale_after: timedelta
    upgrade_within: timedelta | None
    """None: revisions may be pending for as long as they like."""
    formerly: str
    """The environment's name before, empty where it never had another."""
    backup: BackupSettings
    scratch: ScratchSettings | None
    """None: there is no server for copies."""
    rehearsal: RehearsalSettings | None
    """None: a run needs no rehearsal."""
    drift: DriftSettings
    timeouts: Timeouts
    ref: str
    """A branch, tag or commit; empty: the work tree."""
    driver: str
    """What the child is given, `postgresql+psycopg2` say; empty: what the URL says."""
    variables_prefix: str
    url: Source | None = field(repr=False)
    variables: Mapping[str, Source] = field(repr=False, hash=False)
    options: Mapping[str, Source] = field(repr=False, hash=False)

    def resolve(self, environ: Mapping[str, str], *, at: DatabaseTarget | None = None) -> ResolvedEnvironment:
        """The database and what a child process is given, with secrets from `environ` and from files.

        `at`: a copy of the database, to which all that the child is given leads instead; the search path and the
        driver stay. Reads files, connects to nothing. Raises NotConfigured.
        """
        try:
            return self._resolved(environ, at)
        except SecretUnresolved as error:
            reason = str(error)
        except TargetRejected as error:
            reason = f"{self._origin()}{error}"
        # Outside of the handlers, so that no chained error carries what was given.
        raise NotConfigured(reason)

    def resolve_scratch(self, environ: Mapping[str, str]) -> DatabaseTarget | None:
        """The scratch server, with a database to connect to; None: there is none. Raises NotConfigured."""
        return self._server("scratch", self.scratch.url if self.scratch else None, environ)

    def resolve_replica(self, environ: Mapping[str, str]) -> DatabaseTarget | None:
        """The physical replica that is read for drift; None: there is none. Raises NotConfigured."""
        return self._server("drift.replica", self.drift.replica, environ)

    def _server(self, key: str, source: Source | None, environ: Mapping[str, str]) -> DatabaseTarget | None:
        if source is None:
            return None
        try:
            target = target_from_url(resolve_source(source, environ, self.base), driver="", options={}, base=self.base)
            if target.dialect is Dialect.POSTGRESQL:
                return target
            reason = f"{key}: It is no PostgreSQL."
        except (SecretUnresolved, TargetRejected) as error:
            reason = f"{key}: {error}"
        raise NotConfigured(reason)

    def _server_secrets(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Passwords of the scratch server and the replica, and their URLs as they were given."""
        found: list[str] = []
        for source in (self.scratch.url if self.scratch else None, self.drift.replica):
            with suppress(NotConfigured, SecretUnresolved):
                target = self._server("", source, environ)
                if target is not None and source is not None and target.password:
                    found += [target.password, resolve_source(source, environ, self.base).strip()]
        return tuple(found)

    def _origin(self) -> str:
        """Where a URL that is wrong was found, for it is not in dashboard.toml."""
        if isinstance(self.url, EnvironmentVariable):
            return f"In the environment variable {self.url.name}: "
        if isinstance(self.url, SecretFile):
            return f"In the file {self.base / self.url.path}: "
        return f"In the variables {self.variables_prefix}DATABASE_...: " if self.variables_prefix else ""

    def _resolved(self, environ: Mapping[str, str], at: DatabaseTarget | None) -> ResolvedEnvironment:
        options = {key: resolve_source(value, environ, self.base) for key, value in self.options.items()}
        variables = {key: resolve_source(value, environ, self.base) for key, value in self.variables.items()}
        own, urls = self._target(environ, variables, options)
        target = own if at is None else _moved(own, at)
        if at is not None:
            variables = self._movable(variables, own)
        values = placeholder_values(target)
        filled = {
            key: fill(text, values) if isinstance(self.variables[key], str) else text for key, text in variables.items()
        }
        for key, text in filled.items():
            if "\0" in text:
                raise NotConfigured(f"The value of the variable {key} holds a NUL character. Remove it.")
        child = {
            "DATABASE_URL": values["url"],
            **{name: values[name.removeprefix("DATABASE_").lower()] for name in DATABASE_VARIABLES},
            **filled,
        }
        secrets = [target.password, own.password, *urls, *self._server_secrets(environ)]
        secrets += [text for key, text in filled.items() if _is_secret(key, self.variables[key])]
        secrets += [text for key, text in options.items() if _is_secret(key, self.options[key])]
        return ResolvedEnvironment(
            target=target,
            child_variables=child,
            secrets=tuple(dict.fromkeys(secret for secret in secrets if secret)),
        )

    def _movable(self, variables: Mapping[str, str], own: DatabaseTarget) -> dict[str, str]:
        """The variables that a copy's child may be given: none that names the environment's own database itself."""
        kept = {}
        for key, text in variables.items():
            source = self.variables[key]
            if isinstance(source, str) and placeholders_in(source):
                kept[key] = text
            elif key not in DATABASE_VARIABLES:  # those are the target's own, and are filled in anew
                if _leads_to(text, own):
                    raise NotConfigured(
                        f"The variable {key} leads to the environment's own database, where no copy may lead. Write it "
                        "with placeholders, {url} or {host}, {name} and {password}."
                    )
                kept[key] = text
        return kept

    def _target(
        self, environ: Mapping[str, str], variables: Mapping[str, str], options: Mapping[str, str]
    ) -> tuple[DatabaseTarget, tuple[str, ...]]:
        """The target, and the URL as it was given where it holds a password, however that was quoted."""
        if self.url is not None:
            url = resolve_source(self.url, environ, self.base)
            target = target_from_url(url, driver=self.driver, options=options, base=self.base)
            return target, (url.strip(),) if target.password else ()
        given = {name: variables[name] for name in DATABASE_VARIABLES if name in variables}
        if self.variables_prefix:
            outside = {name: environ.get(self.variables_prefix + name) for name in DATABASE_VARIABLES}
            given = {**{name: value for name, value in outside.items() if value is not None}, **given}
        if missing := [name for name in REQUIRED_DATABASE_VARIABLES if name not in given]:
            raise NotConfigured(self._missing_message(missing))
        return target_from_variables(given, driver=self.driver, options=options), ()

    def _missing_message(self, missing: list[str]) -> str:
        if not self.variables_prefix:
            return f"Its variables do not hold {', '.join(missing)}. Set them, or give the url."
        names = [self.variables_prefix + name for name in missing]
        verb = "is" if len(names) == 1 else "are"
        return f"{', '.join(names)} {verb} not set. Set what is missing for the dashboard's processes."


def _moved(own: DatabaseTarget, at: DatabaseTarget) -> DatabaseTarget:
    """`at`, reached as the environment's own is: by its driver, with its search path."""
    search_path = {key: value for key, value in own.options if key == "options"}
    return replace(at, driver=own.driver, options=tuple(sorted({**dict(at.options), **search_path}.items())))


def _leads_to(text: str, target: DatabaseTarget) -> bool:
    if target.dialect is Dialect.SQLITE:
        return target.name in text
    names_it = "://" in text and target.name in text and target.host in text
    return names_it or (len(target.password) >= SHORTEST_MASKED and target.password in text)


def _is_secret(name: str, source: Source) -> bool:
    """Host, port, name and user are shown on pages, wherever they come from; masking them would say nothing."""
    if name in DATABASE_VARIABLES:
        return name == "DATABASE_PASSWORD"
    return not isinstance(source, str) or sounds_secret(name)
