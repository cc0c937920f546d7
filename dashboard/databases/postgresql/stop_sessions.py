"""Ends what the sessions of a run are doing, or the sessions themselves: the server's side of the stop ladder."""

from __future__ import annotations

from enum import StrEnum

from dashboard.databases.postgresql.connection import Connection


class Signal(StrEnum):
    """The server's function that sends it."""

    CANCEL = "pg_cancel_backend"
    TERMINATE = "pg_terminate_backend"


def signal_sessions(connection: Connection, signal: Signal, *, key: int, children: int, timeout: float) -> int:
    """How many sessions that hold the shared key of a run's lock were reached; no other session ever is.

    A role may end its own sessions. Raises DatabaseUnavailable.
    """
    found = connection.query(
        f"SELECT count(*) FILTER (WHERE {signal}(l.pid)) FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks"  # noqa: S608
        " WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s AND objid = %s"
        " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) l",
        (key, children),
        timeout=timeout,
    )
    return int(found[0][0])
