"""A rehearsal is measured, and keeps to the restored copy."""

from __future__ import annotations

from typing import Any

from dashboard.alembic_process.child.challenge import challenge_query, is_same_file
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.measures import Measures


def prepare_rehearsal(request: dict[str, Any], events: Events) -> Measures:
    """The measures, and a guard: nothing of a rehearsal may reach another database than the restored copy."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    challenge = request["challenge"]

    @event.listens_for(Engine, "connect")
    def guard(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        is_sqlite = "sqlite" in type(connection).__module__
        if challenge["kind"] == "sqlite":
            is_there = is_sqlite and is_same_file(_all_rows(cursor, "PRAGMA database_list"), challenge)
        else:
            is_there = not is_sqlite and bool(_all_rows(cursor, challenge_query(challenge))[0][0])
        cursor.close()
        connection.rollback()
        if not is_there:
            raise Refused(
                "In the rehearsal something connects to another database than the restored copy. Let env.py and the "
                "revisions use sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that they are given."
            )

    return Measures(events)


def _all_rows(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchall()
