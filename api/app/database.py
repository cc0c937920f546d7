"""Where the service's database is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url

SQLITE_FILE = Path(__file__).resolve().parent.parent / "app.db"
REQUIRED = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER")
VARIABLES = (*REQUIRED, "DATABASE_PORT", "DATABASE_PASSWORD")


class DatabaseNotConfigured(ValueError):
    """The variables name half a database. The message says which are missing, and shows no value."""


def database_url(given: str | None, environ: Mapping[str, str]) -> URL:
    """The database to connect to. The first that is there: `given` (a caller's `sqlalchemy.url`),
    DATABASE_URL, the five DATABASE_* variables, a SQLite file beside alembic.ini. Empty counts as absent.

    Raises DatabaseNotConfigured when some of the five are set and others are missing: going on with the
    SQLite file would upgrade the wrong database.
    """
    if text := given or environ.get("DATABASE_URL"):
        return _with_driver(make_url(text))
    if any(environ.get(name) for name in VARIABLES):
        return _from_variables(environ)
    return URL.create("sqlite", database=str(SQLITE_FILE))


def _with_driver(url: URL) -> URL:
    """PostgreSQL without a driver means psycopg2, whatever SQLAlchemy's own default is."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg2")
    return url


def _from_variables(environ: Mapping[str, str]) -> URL:
    if missing := [name for name in REQUIRED if not environ.get(name)]:
        raise DatabaseNotConfigured(
            f"{', '.join(missing)} not set: set DATABASE_HOST, DATABASE_NAME and DATABASE_USER (and, "
            "as needed, DATABASE_PORT and DATABASE_PASSWORD), or none of them to use a SQLite file"
        )
    port = environ.get("DATABASE_PORT") or "5432"
    if not port.isdecimal():
        raise DatabaseNotConfigured("DATABASE_PORT is not a number: set it to the server's port, usually 5432")
    # URL.create takes the parts as they are, so no character of a password needs quoting.
    return URL.create(
        "postgresql+psycopg2",
        username=environ["DATABASE_USER"],
        password=environ.get("DATABASE_PASSWORD") or None,
        host=environ["DATABASE_HOST"],
        port=int(port),
        database=environ["DATABASE_NAME"],
    )
