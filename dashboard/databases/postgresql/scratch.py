"""Makes, finds and drops scratch databases on a PostgreSQL server that the configuration names for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.contents import Origin
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import Connection, open_connection, quote_identifier
from dashboard.databases.scratch_marker import PREFIX, Marker, ScratchUnavailable, make_name, read_marker

APPLICATION = "alembic-dashboard scratch"
TIMEOUT = 10.0
CREATE_TIMEOUT = 60.0
DROP_TIMEOUT = 60.0
_LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}

# pg_settings leaves out, rather than refuses, what a role may not see.
_SERVER = """
SELECT r.rolcreatedb OR r.rolsuper, r.rolsuper, r.rolname::text,
  (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'data_directory'),
  (SELECT coalesce(sum(pg_catalog.pg_database_size(d.oid)), 0) FROM pg_catalog.pg_database d
   WHERE d.datname LIKE %s AND has_database_privilege(d.oid, 'CONNECT'))
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
_EXTENSIONS = """
SELECT w.name, a.name IS NOT NULL,
  EXISTS (SELECT 1 FROM pg_catalog.pg_available_extension_versions v
          WHERE v.name = w.name AND v.version = a.default_version
            AND (NOT v.superuser OR coalesce((to_jsonb(v) ->> 'trusted')::boolean, false)))
FROM unnest(%s::text[]) AS w(name) LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = w.name
"""
_MISSING_ROLES = """
SELECT w.name FROM unnest(%s::text[]) AS w(name)
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = w.name) ORDER BY 1
"""
_LIST = """
SELECT d.datname::text, coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '')
FROM pg_catalog.pg_database d WHERE d.datname LIKE %s ORDER BY 1
"""
_END_SESSIONS = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datname = %s AND pid <> pg_catalog.pg_backend_pid()
"""
_LIKE = PREFIX.replace("_", r"\_") + "%"


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """One that has our prefix. `marker` None: it does not say that it is of a dashboard, and is left alone."""

    name: str
    marker: Marker | None


def check_server(server: DatabaseTarget, origin: Origin, *, space: int | None) -> None:
    """That a database of this origin can be restored there: version, rights, extensions, roles, space.

    `space`: bytes that all scratch databases together may take; None: what is free on the disk, where the server is on
    this machine. Raises ScratchUnavailable.
    """
    with _connected(server) as connection:
        limit = Deadline(TIMEOUT)
        _check_version(connection, origin)
        may_create, is_superuser, role, folder, taken = connection.query(_SERVER, (_LIKE,), timeout=limit.remaining())[
            0
        ]
        if not may_create:
            raise ScratchUnavailable(
                f"{role} may not create databases on the scratch server. ALTER ROLE {quote_identifier(role)} CREATEDB."
            )
        _check_extensions(connection, origin, limit, role=role, is_superuser=is_superuser)
        if origin.has_event_triggers and not is_superuser:
            raise ScratchUnavailable(
                f"The database has event triggers, which {role} may not create on the scratch server: that takes a "
                "superuser there."
            )
        roles = [row[0] for row in connection.query(_MISSING_ROLES, (list(origin.roles),), timeout=limit.remaining())]
        if roles:
            raise ScratchUnavailable(
                f"Policies or user mappings name roles that the scratch server lacks: {', '.join(roles)}. "
                "CREATE ROLE each of them there (NOLOGIN will do)."
            )
        _check_space(server, origin, space, int(taken), folder or "")


@contextmanager
def scratch_database(server: DatabaseTarget, origin: Origin, marker: Marker) -> Iterator[DatabaseTarget]:
    """A new, empty, marked database like the one of `origin`; dropped afterwards, whatever happened in it.

    Raises ScratchUnavailable where it cannot be made.
    """
    target = replace(server, name=make_name(marker))
    name = quote_identifier(target.name)
    with _connected(server) as connection:
        try:
            connection.query(f"CREATE DATABASE {name} {like_origin(origin)}", timeout=CREATE_TIMEOUT)
        except DatabaseUnavailable as error:
            raise ScratchUnavailable(f"No scratch database can be made: {error.detail}") from None
        try:
            connection.query(f"COMMENT ON DATABASE {name} IS '{marker}'", timeout=TIMEOUT)
        except BaseException:
            # Without its marker nobody would ever drop it.
            with suppress(DatabaseUnavailable):
                drop_database(connection, target.name)
            raise
    try:
        if not origin.has_public:
            with _connected(target) as connection:
                connection.query("DROP SCHEMA public", timeout=TIMEOUT)
        yield target
    finally:
        # What cannot be dropped now is found by its marker later.
        with suppress(ScratchUnavailable, DatabaseUnavailable), _connected(server) as connection:
            drop_database(connection, target.name)


def list_scratch_databases(server: DatabaseTarget) -> tuple[ScratchDatabase, ...]:
    """All that have our prefix, marked or not. Raises ScratchUnavailable."""
    with _connected(server) as connection:
        return tuple(
            ScratchDatabase(name, read_marker(comment))
            for name, comment in connection.query(_LIST, (_LIKE,), timeout=TIMEOUT)
        )


def sweep_server(server: DatabaseTarget, installation: str, is_alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Drops what this installation made for owners that are not alive any more; the names. Raises ScratchUnavailable."""
    dropped = []
    for found in list_scratch_databases(server):
        marker = found.marker
        if marker is None or marker.installation != installation or is_alive(marker.owner):
            continue
        with _connected(server) as connection:
            drop_database(connection, found.name)
        dropped.append(found.name)
    return tuple(dropped)


def _check_version(connection: Connection, origin: Origin) -> None:
    major, minor = divmod(connection.server_version, 10_000)
    if major != origin.major:
        raise ScratchUnavailable(
            f"The scratch server is PostgreSQL {major}.{minor}, the database {origin.server}: definitions read "
            f"otherwise there. Let `scratch` name a server of PostgreSQL {origin.major}."
        )


def _check_extensions(
    connection: Connection, origin: Origin, limit: Deadline, *, role: str, is_superuser: bool
) -> None:
    rows = connection.query(_EXTENSIONS, (list(origin.extensions),), timeout=limit.remaining())
    if missing := [name for name, is_there, _trusted in rows if not is_there]:
        raise ScratchUnavailable(
            f"The scratch server lacks extensions that the database uses: {', '.join(sorted(missing))}. "
            "Install their packages there."
        )
    untrusted = [name for name, _there, is_trusted in rows if not is_trusted]
    if untrusted and not is_superuser:
        raise ScratchUnavailable(
            f"{role} may not create the extensions {', '.join(sorted(untrusted))} on the scratch server: that takes a "
            "superuser there."
        )


def _check_space(server: DatabaseTarget, origin: Origin, space: int | None, taken: int, folder: str) -> None:
    free, words = None, ""
    if space is not None:
        free, words = space - taken, "of scratch.space are left. Raise it"
    elif server.host in _LOOPBACK and folder and Path(folder).is_dir():
        free, words = shutil.disk_usage(folder).free, f"are free on the scratch server's disk ({folder}). Make room"
    if free is not None and free < origin.size:
        raise ScratchUnavailable(
            f"The copy needs {_megabytes(origin.size)}, and {_megabytes(max(0, free))} {words}, or name another server."
        )


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def like_origin(origin: Origin) -> str:
    """For CREATE DATABASE: what makes a new database sort and spell as the other does."""
    words = [
        "TEMPLATE template0",
        f"ENCODING {_literal(origin.encoding)}",
        f"LC_COLLATE {_literal(origin.collate)}",
        f"LC_CTYPE {_literal(origin.ctype)}",
    ]
    if origin.provider == "i":
        words.append(f"LOCALE_PROVIDER icu ICU_LOCALE {_literal(origin.locale)}")
    elif origin.provider == "b":
        words.append(f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {_literal(origin.locale)}")
    elif origin.provider == "c":
        words.append("LOCALE_PROVIDER libc")
    return " ".join(words)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def drop_database(connection: Connection, name: str) -> None:
    """Ends its sessions first; a name that is gone already is no error. Raises DatabaseUnavailable."""
    quoted = quote_identifier(name)
    if connection.server_version >= 130_000:
        connection.query(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)", timeout=DROP_TIMEOUT)
        return
    connection.query(_END_SESSIONS, (name,), timeout=TIMEOUT)
    connection.query(f"DROP DATABASE IF EXISTS {quoted}", timeout=DROP_TIMEOUT)


@contextmanager
def _connected(server: DatabaseTarget) -> Iterator[Connection]:
    opened = open_connection(server, application=APPLICATION, timeout=TIMEOUT)
    try:
        connection = opened.__enter__()
    except DatabaseUnavailable as error:
        raise ScratchUnavailable(f"The scratch server {server.display()} cannot be reached: {error.detail}") from None
    try:
        yield connection
    except DatabaseUnavailable as error:
        raise ScratchUnavailable(f"The scratch server {server.display()} refused: {error.detail}") from None
    finally:
        connection.close()
