"""The commands that bring a backup back without the dashboard: also where the database itself is gone."""

from __future__ import annotations

import shlex

from dashboard.database_target import DatabaseTarget
from dashboard.models import Backup
from dashboard.sources.configuration import NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, open_database


def restore_command(backup: Backup) -> str:
    """To be copied into a shell. On PostgreSQL into a database beside the environment's own; no password is in it."""
    target = find_target(backup.project, backup.environment)
    path = shlex.quote(backup.path)
    if backup.path.endswith((".db", ".sqlite3", ".sqlite")):
        file = shlex.quote(target.name) if target else "DATABASE_FILE"
        return f"rm -f {file}-wal {file}-shm && cp {path} {file}"
    if target is None:
        return f"createdb RESTORED && pg_restore --exit-on-error --dbname RESTORED {path}"
    given = (("host", target.host), ("port", str(target.port or "")), ("username", target.user))
    options = " ".join(f"--{name} {shlex.quote(value)}" for name, value in given if value)
    restored = shlex.quote(f"{target.name}_restored")
    return f"createdb {options} {restored} && pg_restore {options} --exit-on-error --dbname {restored} {path}"


def find_target(project: str, environment: str) -> DatabaseTarget | None:
    """Where the environment's database is; None where that is not configured (any more)."""
    try:
        return open_database(*find_environment(project, environment)).target
    except (UnknownName, NotConfigured):
        return None
