"""Talks to one environment's database at a time: reads it, locks it for a run, backs it up."""

from __future__ import annotations

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.database import (
    Contender,
    Database,
    DatabaseUnavailable,
    LockHeld,
    LockUnavailable,
    Part,
    RunLock,
    Session,
)
from dashboard.databases.observe_many import observe_many
from dashboard.databases.postgresql import PostgreSQLDatabase
from dashboard.databases.sqlite import SQLiteDatabase

__all__ = [
    "Contender",
    "Database",
    "DatabaseUnavailable",
    "LockHeld",
    "LockUnavailable",
    "Part",
    "RunLock",
    "Session",
    "database_for",
    "observe_many",
]


def database_for(
    target: DatabaseTarget, *, version_table: str = "alembic_version", version_table_schema: str = ""
) -> Database:
    """The dialect's Database for `target`; connects to nothing yet."""
    if target.dialect is Dialect.SQLITE:
        return SQLiteDatabase(target, version_table=version_table, version_table_schema=version_table_schema)
    return PostgreSQLDatabase(target, version_table=version_table, version_table_schema=version_table_schema)
