"""What a PostgreSQL database has besides its contents: read from one, and given to the one that takes its place.

A dump knows nothing of it: owner, privileges on the database, settings of the database and of roles in it, comment,
limit of connections and tablespace.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import Connection, quote_identifier
from dashboard.databases.restoration import split_list
from dashboard.revisions.status import Reason

# Their values are lists of names, which are stored with their quotes.
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}

_DATABASE = """
SELECT d.oid, pg_catalog.pg_get_userbyid(d.datdba)::text, d.datconnlimit, t.spcname::text,
  pg_catalog.shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = %s
"""
_GRANTS = """
SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END, a.privilege_type,
  a.is_grantable
FROM pg_catalog.pg_database d,
  LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
WHERE d.oid = %s ORDER BY 1, 2
"""
_SETTINGS = """
SELECT CASE WHEN s.setrole = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(s.setrole)::text END,
  split_part(c.text, '=', 1), substr(c.text, strpos(c.text, '=') + 1)
FROM pg_catalog.pg_db_role_setting s, LATERAL unnest(s.setconfig) AS c(text) WHERE s.setdatabase = %s ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on the database. An empty grantee: PUBLIC."""

    grantee: str
    privilege: str
    is_grantable: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the database, or of one role in it."""

    role: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Properties:
    """Of one database."""

    oid: int
    owner: str
    limit: int
    """Of connections; -1: none."""
    tablespace: str
    comment: str | None
    grants: tuple[Grant, ...]
    settings: tuple[Setting, ...]

    def describe(self) -> tuple[str, ...]:
        """In sentences, only what is not as with any new database."""
        others = sorted({grant.grantee or "PUBLIC" for grant in self.grants if grant.grantee != self.owner})
        told = [f"The owner, {self.owner}."]
        if others:
            told.append(f"Privileges on the database of {', '.join(others)}.")
        if self.settings:
            names = ", ".join(f"{s.name}{f' of {s.role}' if s.role else ''}" for s in self.settings)
            told.append(f"Settings: {names}.")
        told += [f"The limit of {self.limit} connections."] if self.limit != -1 else []
        told += [f"The tablespace {self.tablespace}."] if self.tablespace != "pg_default" else []
        return (*told, *(["The comment."] if self.comment else []))


def read_properties(connection: Connection, name: str, limit: Deadline) -> Properties:
    """Of the database `name` of the server. Raises DatabaseUnavailable."""
    found = connection.query(_DATABASE, (name,), timeout=limit.remaining())
    if not found:
        raise DatabaseUnavailable(Reason.NO_DATABASE, f"There is no database {name} on the server any more.")
    oid, owner, connections, tablespace, comment = found[0]
    grants = connection.query(_GRANTS, (oid,), timeout=limit.remaining())
    settings = connection.query(_SETTINGS, (oid,), timeout=limit.remaining())
    return Properties(
        oid, owner, connections, tablespace, comment,
        tuple(Grant(*row) for row in grants), tuple(Setting(*row) for row in settings),
    )  # fmt: skip


def carry_over(connection: Connection, properties: Properties, name: str, limit: Deadline) -> tuple[str, ...]:
    """Gives them to the database `name`, within the transaction that is open; sentences on settings that it would not take.

    A comment is not given: see swap. Raises DatabaseUnavailable where owner or privileges cannot be given.
    """
    database = quote_identifier(name)

    def run(sql: str) -> None:
        connection.query(sql, timeout=limit.remaining())

    run(f"ALTER DATABASE {database} OWNER TO {quote_identifier(properties.owner)}")
    run(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    for grant in properties.grants:
        grantee = quote_identifier(grant.grantee) if grant.grantee else "PUBLIC"
        option = " WITH GRANT OPTION" if grant.is_grantable and grant.grantee else ""
        run(f"GRANT {grant.privilege} ON DATABASE {database} TO {grantee}{option}")
    run(f"ALTER DATABASE {database} CONNECTION LIMIT {properties.limit}")
    return tuple(
        sentence for setting in properties.settings if (sentence := _give_setting(connection, setting, database, limit))
    )


def _give_setting(connection: Connection, setting: Setting, database: str, limit: Deadline) -> str:
    """Empty where it was given: some settings only a superuser may give."""
    whose = (
        f"ALTER ROLE {quote_identifier(setting.role)} IN DATABASE {database}"
        if setting.role
        else f"ALTER DATABASE {database}"
    )
    elements = split_list(setting.value) if setting.name in _LISTS else (setting.value,)
    value = ", ".join(quote_literal(element) for element in elements) or "''"
    connection.query("SAVEPOINT before_setting", timeout=limit.remaining())
    try:
        connection.query(f"{whose} SET {_setting_name(setting.name)} TO {value}", timeout=limit.remaining())
    except DatabaseUnavailable as error:
        with suppress(DatabaseUnavailable):
            connection.query("ROLLBACK TO SAVEPOINT before_setting", timeout=limit.remaining())
            return f"The setting {setting.name} could not be given to the restored database: {error.detail}"
        raise
    return ""


def _setting_name(name: str) -> str:
    """An extension's has a dot."""
    return ".".join(quote_identifier(part) for part in name.split("."))


def quote_literal(text: str) -> str:
    """A text as an SQL literal, whatever standard_conforming_strings says."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
