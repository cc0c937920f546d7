"""What is done to every connection that env.py opens."""

from __future__ import annotations

import re
from typing import Any

from dashboard.alembic_process.child.events import Refused
from dashboard.alembic_process.child.progress import Progress, autocommits

CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)


def configure_connections(request: dict[str, Any], progress: Progress) -> None:
    """Every connection of this process gets the run's time limits and takes the shared key of the run's lock.

    A class-level listener, because env.py makes the engine: it works for psycopg2, psycopg, pg8000 and asyncpg,
    and after connect_args, which replace PGOPTIONS.
    """
    if request["challenge"]["kind"] != "postgresql":
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        if type(connection).__module__.startswith("sqlite3"):
            return
        cursor = connection.cursor()
        for name, value in request["connection_settings"].items():
            _set(cursor, name, value)
        first, second = request["challenge"]["lock_key"]
        cursor.execute("SELECT pg_try_advisory_lock_shared(%d, %d)" % (first, second))
        if not cursor.fetchone()[0]:
            raise Refused("A session of another run holds the lock of this version table. Nothing was changed.")
        cursor.execute("SELECT pg_backend_pid()")
        progress.events.emit("backend", pid=cursor.fetchone()[0])
        cursor.close()
        connection.commit()

    _lift_lock_timeout(request["connection_settings"].get("lock_timeout", ""))


def _set(cursor: Any, name: str, value: str) -> None:
    """For the session. Settings that this server does not know are left out."""
    cursor.execute(
        "SELECT set_config(name, '%s', false) FROM pg_catalog.pg_settings WHERE name = '%s'"
        % (value.replace("'", "''"), name)
    )


def _lift_lock_timeout(usual: str) -> None:
    """A statement with CONCURRENTLY waits for other transactions while it blocks nobody.

    Ended half-way it would leave an invalid index; the run's deadline bounds it all the same.
    """
    if not usual:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def set_timeout(connection: Any, statement: str, value: str) -> None:
        if connection.dialect.name == "postgresql" and CONCURRENTLY.search(statement):
            cursor = connection.connection.cursor()
            _set(cursor, "lock_timeout", value)
            cursor.close()

    @event.listens_for(Engine, "before_cursor_execute")
    def lift(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        set_timeout(connection, statement, "0")

    @event.listens_for(Engine, "after_cursor_execute")
    def lower(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        set_timeout(connection, statement, usual)

    @event.listens_for(Engine, "handle_error")
    def lower_after_error(context: Any) -> None:
        if context.connection is None or (context.connection.in_transaction() and not autocommits(context.connection)):
            return  # the rollback sets it back
        try:
            set_timeout(context.connection, context.statement or "", usual)
        except Exception:  # the connection is gone, and its settings with it
            pass


def allow_reading_alone(settings: dict[str, str] | None = None) -> None:
    """Whatever connects in this process can change nothing by it. `settings`: of each PostgreSQL session, besides."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def forbid(connection: Any, _record: Any) -> None:
        is_sqlite = "sqlite" in type(connection).__module__
        cursor = connection.cursor()
        if is_sqlite:
            cursor.execute("PRAGMA query_only = ON")
        else:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            for name, value in (settings or {}).items():
                _set(cursor, name, value)
        cursor.close()
        connection.commit()
