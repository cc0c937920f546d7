"""A rehearsal is measured, and keeps to its copy, as a replay on an empty scratch database does."""

from __future__ import annotations

from typing import Any

from dashboard.alembic_process.child.challenge import challenge_query, is_same_file
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.measures import Measures


def measure(events: Events) -> Measures:
    """What tells of each revision what it does."""
    return Measures(events)


def keep_to_copy(request: dict[str, Any]) -> None:
    """A guard: nothing may reach another database than the scratch database of the challenge."""
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
                "Something connects to another database than the %s copy. Let env.py and the revisions use "
                "sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that they are given."
                % ("restored" if request.get("rehearsal") else "scratch")
            )


def _all_rows(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchall()
