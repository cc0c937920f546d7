"""Whether the dashboard's own storage can be used: for `manage.py doctor`."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

MEND = "Run: manage.py migrate"


def examine_storage() -> tuple[str, str]:
    """What was found, and what to do; the second is empty where all is well. Changes nothing there."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        is_new = not executor.loader.applied_migrations
    except DatabaseError as error:
        return f"it cannot be used ({error}).", "Mend DASHBOARD_DATA or DASHBOARD_DATABASE_URL."
    if is_new:
        return "manage.py migrate has not been run.", MEND
    if waiting:
        return f"{len(waiting)} of our own migrations {'is' if len(waiting) == 1 else 'are'} not applied yet.", MEND
    return "it is up to date.", ""
