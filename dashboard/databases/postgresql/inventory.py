"""Reads the definitions of everything in a PostgreSQL database that revisions make, through SQLAlchemy's connection."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from typing import Any

import psycopg2
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from dashboard.database_target import DatabaseTarget
from dashboard.databases.definition import Column, Definition, Inventory, Key
from dashboard.databases.postgresql.connection import libpq_keywords, open_connection, quote_identifier
from dashboard.databases.postgresql.failures import explain_failure, explain_silence
from dashboard.databases.postgresql.inventory_queries import COLUMNS, DEFINITIONS, NOT_OURS
from dashboard.databases.postgresql.schema import as_parsed_again

APPLICATION = "alembic-dashboard drift"
TIMEOUT = 10.0
_PLAIN_PATH = '"$user", public'


def read_inventory(connection: Connection) -> Inventory:
    """Needs a transaction; leaves its search_path as it was."""
    default, path = connection.exec_driver_sql("SELECT current_schema(), current_setting('search_path')").one()
    # With nothing on it, every definition names its schemas.
    set_path = "SELECT set_config('search_path', %s, true)"
    connection.exec_driver_sql(set_path, ("",))

    def rows(sql: str) -> Iterator[tuple[Any, ...]]:
        for schema, *rest in connection.exec_driver_sql(sql.replace("%", "%%")):
            yield ("" if schema == default else schema, *rest)

    columns, definitions = {}, {}
    for schema, table, name, type_, default_value, more in rows(COLUMNS):
        columns[schema, table, name] = Column(type_, _plain(default_value))
        definitions[Key("column", schema, table, name)] = Definition(_plain(more))
    for kind, sql in DEFINITIONS.items():
        for schema, table, name, text, create, drop in rows(sql):
            definitions[Key(kind, schema, table, name)] = Definition(_plain(text), create, drop)
    not_ours = frozenset((schema, name) for schema, name in rows(NOT_OURS))
    connection.exec_driver_sql(set_path, (path,))
    return Inventory(columns, definitions, not_ours)


def _plain(text: str) -> str:
    return str(as_parsed_again(text))


@contextmanager
def reading(target: DatabaseTarget, *, timeout: float) -> Iterator[Connection]:
    """SQLAlchemy's connection in a read-only transaction that sees one moment; nothing takes longer than `timeout` in all.

    Raises DatabaseUnavailable, also for what goes wrong inside.
    """
    engine, raw = None, None
    silenced = threading.Event()
    try:
        raw = psycopg2.connect(
            **libpq_keywords(target),
            application_name=APPLICATION,
            connect_timeout=max(2, int(min(timeout, TIMEOUT))),
        )
        watchdog = threading.Timer(timeout, _hang_up, (raw.fileno(), silenced))
        watchdog.daemon = True
        watchdog.start()
        try:
            engine = create_engine("postgresql+psycopg2://", creator=lambda: raw, poolclass=StaticPool)
            with engine.connect() as connection:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout * 1000)}")
                connection.exec_driver_sql("SET LOCAL lock_timeout = 500")
                yield connection
                connection.rollback()
        finally:
            watchdog.cancel()
            watchdog.join()
    except (DBAPIError, psycopg2.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise (explain_silence(target) if silenced.is_set() else explain_failure(cause, target)) from None
    finally:
        if raw is not None:
            with suppress(psycopg2.Error):
                raw.close()


def _hang_up(descriptor: int, silenced: threading.Event) -> None:
    """Ends the wait of a thread that libpq blocks: a frozen server defeats its own timeouts."""
    silenced.set()
    with suppress(OSError), socket(fileno=os.dup(descriptor)) as found:
        found.shutdown(SHUT_RDWR)


def prepare_like(copy: DatabaseTarget, original: DatabaseTarget, *, schemas: tuple[str, ...]) -> None:
    """Gives an empty copy the schemas of the original's search path, that path itself, and `schemas`: whoever set up the
    original made them before its first revision. Raises DatabaseUnavailable.
    """
    with open_connection(original, application=APPLICATION, timeout=TIMEOUT) as connection:
        path, existing = connection.query(
            "SELECT current_setting('search_path'), current_schemas(false)::text[]", timeout=TIMEOUT
        )[0]
    with open_connection(copy, application=APPLICATION, timeout=TIMEOUT) as connection:
        for schema in dict.fromkeys((*existing, *schemas)):
            connection.query(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(schema)}", timeout=TIMEOUT)
        if path != _PLAIN_PATH:
            connection.query(
                f"ALTER DATABASE {quote_identifier(copy.name)} SET search_path = {path or quote_identifier('')}",
                timeout=TIMEOUT,
            )
