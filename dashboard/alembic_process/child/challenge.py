"""Whether a connection leads to the database that the parent holds the lock of."""

from __future__ import annotations

import os
from typing import Any


def is_challenged(connection: Any, challenge: dict[str, Any]) -> bool:
    """`connection` is SQLAlchemy's, to a database of the challenge's kind. See RunLock in dashboard/databases."""
    return {"postgresql": _sees_advisory_lock, "sqlite": _is_main_file}[challenge["kind"]](connection, challenge)


def _sees_advisory_lock(connection: Any, challenge: dict[str, Any]) -> bool:
    """The parent holds a random 62-bit advisory lock; it is visible only from within the same database."""
    return bool(connection.exec_driver_sql(challenge_query(challenge)).scalar())


def challenge_query(challenge: dict[str, Any]) -> str:
    key = challenge["challenge_key"]
    return (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid::bigint = %d AND objid::bigint = %d" % (key >> 32, key & 0xFFFFFFFF)
    )


def _is_main_file(connection: Any, challenge: dict[str, Any]) -> bool:
    return is_same_file(connection.exec_driver_sql("PRAGMA database_list"), challenge)


def is_same_file(databases: Any, challenge: dict[str, Any]) -> bool:
    for row in databases:
        if row[1] == "main" and row[2]:
            status = os.stat(row[2])
            return (status.st_dev, status.st_ino) == (challenge["device"], challenge["inode"])
    return False
