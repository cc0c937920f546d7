"""Where one environment's database is, as the dashboard and a child process need to know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlencode


class Dialect(StrEnum):
    """The kinds of database that have a module in dashboard/databases."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """One database. `repr` and `display` never hold the password; `child_url` does."""

    dialect: Dialect
    name: str
    """PostgreSQL: the database's name. SQLite: the absolute path of the file."""
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = ()
    """Query parameters of the URL, such as sslmode, sorted by name."""
    driver: str = ""
    """SQLAlchemy's driver name for the child, `postgresql+psycopg2` say; empty: the dialect's default."""

    def child_url(self) -> str:
        """The SQLAlchemy URL that a project's env.py is given. Holds the password: never store or log it."""
        if self.dialect is Dialect.SQLITE:
            return f"{self.driver or 'sqlite'}:///{self.name}" + self._query()
        scheme = self.driver or "postgresql+psycopg2"
        credentials = quote(self.user, safe="")
        if self.password:
            credentials += ":" + quote(self.password, safe="")
        at = f"{credentials}@" if credentials else ""
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        port = f":{self.port}" if self.port else ""
        return f"{scheme}://{at}{host}{port}/{self.name}" + self._query()

    def display(self) -> str:
        """`migrator at db:5432/api`, or the file's path; no secret."""
        if self.dialect is Dialect.SQLITE:
            return self.name
        where = f"{self.host or 'local socket'}{f':{self.port}' if self.port else ''}/{self.name}"
        return f"{self.user} at {where}" if self.user else where

    def _query(self) -> str:
        return f"?{urlencode(self.options)}" if self.options else ""
