"""An environment's configuration as facts. Where a secret comes from is said; the secret never."""

from __future__ import annotations

from dashboard.database_target import Dialect
from dashboard.secrets import EnvironmentVariable, SecretFile, Source
from dashboard.sources.configuration import Environment, NotConfigured
from dashboard.usecases.catalogue import resolve
from dashboard.views.moments import say_span

Fact = tuple[str, str]


def list_settings(environment: Environment) -> tuple[Fact, ...]:
    """Names and values in the order of the page."""
    backup, timeouts = environment.backup, environment.timeouts
    method = "taken by the dashboard" if backup.method == "dump" else "taken here or attested by a person"
    return (
        *_connection(environment),
        ("Allows", ", ".join(sorted(environment.allow)) or "nothing"),
        ("Requires", ", ".join(environment.requires) or "no other environment"),
        ("Backup", f"{method}, at most {say_span(backup.max_age)} old, read through"),
        ("Backups kept", str(backup.keep)),
        ("Lock timeout", say_span(timeouts.lock)),
        ("Statement timeout", say_span(timeouts.statement)),
        ("Run deadline", say_span(timeouts.run)),
        ("Stale after", say_span(environment.stale_after)),
    )


def _connection(environment: Environment) -> tuple[Fact, ...]:
    try:
        target = resolve(environment).target
    except NotConfigured as error:
        return (("Connects to", str(error)),)
    if target.dialect is Dialect.SQLITE:
        return (("Connects to", target.display()),)
    password = f"set, {_password_source(environment)}" if target.password else "none"
    return (("Connects as", target.display()), ("Password", password))


def _password_source(environment: Environment) -> str:
    if environment.url is not None:
        return f"in the URL {_where(environment.url)}"
    if "DATABASE_PASSWORD" in environment.variables:
        return _where(environment.variables["DATABASE_PASSWORD"])
    return f"from the variable {environment.variables_prefix}DATABASE_PASSWORD"


def _where(source: Source) -> str:
    if isinstance(source, EnvironmentVariable):
        return f"from the variable {source.name}"
    if isinstance(source, SecretFile):
        return f"from the file {source.path}"
    return "in dashboard.toml"
