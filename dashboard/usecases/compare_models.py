"""The project's models beside an environment's database: Alembic's own comparison, by a child that writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.databases.difference import Change, Difference
from dashboard.revisions.status import VersionReading
from dashboard.sources.configuration import Environment, Project, ResolvedEnvironment
from dashboard.usecases.child_work import ask_child_for_all

COMPARE_SECONDS = 300.0
READING_SETTINGS = {
    "application_name": "alembic-dashboard comparison",
    "lock_timeout": "5s",
    "statement_timeout": "120s",
}
"""Of each PostgreSQL session that env.py opens for it."""


class WrongPlace(Exception):
    """env.py compared with another database than the environment's; the message, not masked yet, says what to do."""


def compare_models(
    *, project: Project, environment: Environment, reading: VersionReading, resolved: ResolvedEnvironment
) -> tuple[tuple[str, ...], tuple[Difference, ...]]:
    """The rows that the child read, and what would make the database as the models say. Of a database at its heads.

    `project` is where the code lies that the environment runs; `resolved` where the child is led, which `reading` is of.
    Raises ChildFailed and WrongPlace.
    """
    content = {"action": "compare_models", "connection_settings": READING_SETTINGS}
    told = ask_child_for_all(project, environment, content, seconds=COMPARE_SECONDS, resolved=resolved)["models"]
    check_place(told["place"], reading, environment)
    return tuple(told["rows"]), tuple(difference_told(one) for one in told["differences"])


def difference_told(told: dict[str, Any]) -> Difference:
    """As the child tells it: Alembic's operation would make the database as the models say."""
    changes = tuple(Change(**change) for change in told["changes"])
    return Difference(told["operation"], told["schema"], told["table"], told["name"], changes, repair=told["text"])


def check_place(place: dict[str, str], reading: VersionReading, environment: Environment) -> None:
    """env.py may lead elsewhere, by a file of variables of its own; a comparison with that would be misleading. Raises WrongPlace."""
    if "file" in place:
        try:
            status = Path(place["file"]).stat()
        except OSError:
            status = None
        is_there = status is not None and reading.identity == f"{status.st_dev}:{status.st_ino}"
    else:
        system, database, *_rest = [*reading.identity.rsplit(":", 3), ""]
        is_there = not database or place.get("database", database) == database
        # Without the right to ask, the observation names the server in another way.
        is_there &= not system.isdecimal() or place.get("system", system) == system
    if not is_there:
        raise WrongPlace(
            f"env.py connected to another database than {environment.name}. Let it use sqlalchemy.url, DATABASE_URL or the "
            "DATABASE_ variables that it is given."
        )
