"""An environment's configuration as facts. Where a secret comes from is said; the secret never."""

from __future__ import annotations

from dashboard.database_target import Dialect
from dashboard.secrets import EnvironmentVariable, SecretFile, Source
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import resolve
from dashboard.usecases.read_code import Code, read_code
from dashboard.usecases.scratch_places import find_place
from dashboard.views.backup_words import say_policy
from dashboard.views.moments import say_span

Fact = tuple[str, str]


def list_settings(project: Project, environment: Environment) -> tuple[Fact, ...]:
    """Names and values in the order of the page."""
    backup, timeouts = environment.backup, environment.timeouts
    return (
        *_connection(environment),
        ("Code", say_code(read_code(project, environment))),
        ("Allows", ", ".join(sorted(environment.allow)).replace("_", " ") or "nothing"),
        ("Requires", ", ".join(environment.requires) or "no other environment"),
        ("Backup", say_policy(environment)),
        ("Scratch server", _say_scratch(environment)),
        ("Backups kept", str(backup.keep)),
        ("Lock timeout", say_span(timeouts.lock)),
        ("Statement timeout", say_span(timeouts.statement)),
        ("Run deadline", say_span(timeouts.run)),
        ("Stale after", say_span(environment.stale_after)),
        ("Drift", _say_drift(environment)),
    )


def say_code(code: Code) -> str:
    """`work tree of main at 3f1c8a52d9e4, 2 uncommitted files, 1 commit behind origin/main`; or the ref."""
    state = code.checkout
    if code.ref:
        return f"{code.ref}, laid out in a worktree of its own"
    if not state.commit:
        return "work tree, not in git"
    told = [f"work tree {f'of {state.branch} ' if state.branch else ''}at {state.commit[:12]}"]
    if number := len(state.uncommitted):
        told.append(f"{number} uncommitted file{'' if number == 1 else 's'}")
    for number, word in ((state.ahead, "ahead of"), (state.behind, "behind")):
        if number:
            told.append(f"{number} commit{'' if number == 1 else 's'} {word} {state.upstream}")
    return ", ".join(told)


def _say_drift(environment: Environment) -> str:
    """How often it is looked for, where, and what is left out."""
    drift = environment.drift
    told = [f"looked for every {say_span(drift.every)}" if drift.every else "looked for when somebody asks"]
    if drift.replica is not None:
        told.append("on a replica")
    if drift.ignore:
        told.append(f"without {' '.join(drift.ignore)}")
    return ", ".join(told)


def _say_scratch(environment: Environment) -> str:
    """Where copies are restored."""
    try:
        place = find_place(environment)
    except NotConfigured as error:
        return str(error)
    if place.server is not None:
        return place.server.display()
    return "temporary files beside the backups" if place.folder else "none: backups are read, not restored"


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
