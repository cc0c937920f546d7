"""Connections to an environment's PostgreSQL: psycopg2 in asynchronous mode, so that every wait has an end.

A server that is frozen, or stops answering in the middle, defeats connect_timeout and statement_timeout; here the
deadline is kept on our side of the socket. One thread uses one connection.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.failures import explain_failure, explain_silence
from dashboard.revisions.status import Reason

PASSED_OPTIONS = {
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR",
    "sslsni": "PGSSLSNI",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "krbsrvname": "PGKRBSRVNAME",
    "require_auth": "PGREQUIREAUTH",
    "requirepeer": "PGREQUIREPEER",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "options": "PGOPTIONS",
}
"""libpq's keywords that a URL's query may set here, with the variables that mean the same to its programs.

Others are for the child's own driver.
"""

KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that has vanished is noticed within about ten seconds."""

ROLLBACK_TIMEOUT = 1.0

_REDIRECTING_VARIABLES = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS")


class Connection:
    """An open connection in autocommit mode. Every failure is a DatabaseUnavailable without secrets."""

    def __init__(self, raw: Any, target: DatabaseTarget) -> None:
        self._raw = raw
        self._target = target

    @property
    def server_version(self) -> int:
        """As libpq gives it: 150018 for 15.18."""
        return int(self._raw.server_version)

    def query(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = (), *, timeout: float
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement, none where it returns no rows; the connection is lost when `timeout` passes."""
        deadline = Deadline(timeout)
        try:
            with self._raw.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                _wait(self._raw, deadline)
                return cursor.fetchall() if cursor.description else []
        except _Silence:
            self.close()
            raise explain_silence(self._target) from None
        except psycopg2.Error as error:
            raise explain_failure(error, self._target) from None

    @contextmanager
    def reading(self, *, timeout: float, repeatable: bool = False) -> Iterator[None]:
        """A read-only transaction, of which the server stops a statement after `timeout`; rolled back afterwards.

        SET LOCAL, and no start-up options: both work through a connection pool and leave nothing behind in it.
        """
        isolation = "ISOLATION LEVEL REPEATABLE READ, " if repeatable else ""
        milliseconds = max(1, int(timeout * 1000))
        self.query(
            f"BEGIN TRANSACTION {isolation}READ ONLY; SET LOCAL statement_timeout = {milliseconds};"
            f" SET LOCAL lock_timeout = {min(milliseconds, 500)}",
            timeout=timeout,
        )
        yield
        # A connection that is lost, or that an error leaves to be closed, ends its transaction as well.
        with suppress(DatabaseUnavailable):
            self.query("ROLLBACK", timeout=ROLLBACK_TIMEOUT)

    def close(self) -> None:
        """Ends the session; may be called twice."""
        self._raw.close()


@contextmanager
def open_connection(
    target: DatabaseTarget, *, application: str, timeout: float, **more: object
) -> Iterator[Connection]:
    """A connection that is closed afterwards. Raises DatabaseUnavailable.

    The name server is asked by libpq in a blocking way: that alone may take longer than `timeout`.
    """
    keywords = libpq_keywords(target) | {"application_name": application, **more}
    raw = None
    try:
        raw = psycopg2.connect(async_=True, **keywords)
        _wait(raw, Deadline(timeout))
    except _Silence:
        if raw is not None:
            raw.close()
        raise explain_silence(target) from None
    except psycopg2.Error as error:
        raise explain_failure(error, target) from None
    connection = Connection(raw, target)
    try:
        yield connection
    finally:
        connection.close()


def quote_identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def libpq_variables(target: DatabaseTarget) -> Mapping[str, str]:
    """What pg_dump and pg_restore need in their environment to reach `target`, without the password."""
    _refuse_redirection(target)
    variables = {"PGPORT": str(target.port or 5432), "PGDATABASE": target.name}
    if target.host:
        variables["PGHOST"] = target.host
    if target.user:
        variables["PGUSER"] = target.user
    options = {PASSED_OPTIONS[name]: value for name, value in target.options if name in PASSED_OPTIONS}
    return variables | options


def libpq_keywords(target: DatabaseTarget) -> dict[str, object]:
    """What psycopg2.connect needs to reach `target`, its password too. Raises DatabaseUnavailable."""
    _refuse_redirection(target)
    keywords: dict[str, object] = dict(KEEPALIVES)
    keywords |= {name: value for name, value in target.options if name in PASSED_OPTIONS and value}
    keywords |= {"dbname": target.name, "port": target.port or 5432}
    given = {"host": target.host, "user": target.user, "password": target.password}
    return keywords | {name: value for name, value in given.items() if value}


def _refuse_redirection(target: DatabaseTarget) -> None:
    """Whatever would make libpq go elsewhere than `target` says: a child, or a person, would not follow."""
    if "=" in target.name or "://" in target.name or "\0" in target.name:
        raise DatabaseUnavailable(
            Reason.NOT_CONFIGURED, "The database's name reads like a connection string. Give the plain name."
        )
    if "," in target.host:
        raise DatabaseUnavailable(
            Reason.NOT_CONFIGURED, "Several hosts are configured for one environment. Name one host."
        )
    blank = [name for name, value in (("PGHOST", target.host), ("PGUSER", target.user)) if not value]
    for name in (*_REDIRECTING_VARIABLES, *blank):
        if os.environ.get(name):
            raise DatabaseUnavailable(
                Reason.NOT_CONFIGURED,
                f"{name} is set for the dashboard itself and would redirect this connection. Unset it and say in "
                "dashboard.toml where the database is.",
            )


class _Silence(Exception):
    """The deadline passed while the server was waited for."""


def _wait(raw: Any, deadline: Deadline) -> None:
    while (state := raw.poll()) != POLL_OK:
        remaining = deadline.remaining()
        if remaining <= 0:
            raise _Silence
        poller = select.poll()  # select() cannot watch descriptors above 1023
        poller.register(raw.fileno(), _EVENTS[state])
        poller.poll(remaining * 1000)


_EVENTS = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}
