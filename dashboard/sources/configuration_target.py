"""From a URL, or the DATABASE_* variables, to the database that they name; whatever could lead elsewhere is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from dashboard.database_target import DatabaseTarget, Dialect

POSTGRESQL_PORT = 5432
SUPPORTED_URLS = "postgresql://user:password@host:port/name or sqlite:///path/to/file.db"

_DIALECTS = {
    "postgresql": Dialect.POSTGRESQL,
    "postgres": Dialect.POSTGRESQL,
    "sqlite": Dialect.SQLITE,
}
_DRIVER = re.compile(r"(postgresql|sqlite)(\+[a-z0-9_]+)?")
_HOST = re.compile(r"[A-Za-z0-9._:-]*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# libpq's and SQLAlchemy's parameters that name another server, database or person than the URL's own parts do.
_REDIRECTING_OPTIONS = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "database",
        "user",
        "username",
        "password",
        "passfile",
        "service",
        "servicefile",
        "replication",
    ]
)
_SQLITE_REFUSED_OPTIONS = frozenset({"uri", "mode", "cache", "vfs", "immutable", "nolock"})


class TargetRejected(ValueError):
    """What was configured names no database, or one in a way that is not safe. Holds no part of the URL."""

    def __init__(self, message: str, hint: str, *, key: str = "") -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint
        self.key = key
        """`driver` or `options` where one of these is to blame."""


def target_from_url(url: str, *, driver: str, options: Mapping[str, str], base: Path) -> DatabaseTarget:
    """The target of a SQLAlchemy URL; a relative SQLite path is relative to `base`. Raises TargetRejected.

    `driver` and `options` win over what the URL says of them.
    """
    parsed = _parse(url)
    backend, _, url_driver = parsed.drivername.partition("+")
    dialect = _DIALECTS.get(backend)
    if dialect is None:
        raise TargetRejected("This kind of database is not supported.", f"Supported are {SUPPORTED_URLS}.")
    driver = check_driver(driver, dialect) or (f"{dialect}+{url_driver}" if url_driver else "")
    checked_options = _checked_options({**_single_valued(parsed), **options}, dialect)
    if dialect is Dialect.SQLITE:
        if parsed.host or parsed.username or parsed.password or parsed.port:
            raise TargetRejected(
                "A SQLite URL has no host and no user.",
                "Write three slashes before a relative path, sqlite:///var/app.db, four before an absolute one.",
            )
        path = _sqlite_path(parsed.database or "", base)
        return DatabaseTarget(dialect=dialect, name=path, options=checked_options, driver=driver)
    return _postgresql_target(
        host=parsed.host or "",
        port=parsed.port,
        name=parsed.database or "",
        user=parsed.username or "",
        password=str(parsed.password or ""),
        options=checked_options,
        driver=driver,
    )


def target_from_variables(values: Mapping[str, str], *, driver: str, options: Mapping[str, str]) -> DatabaseTarget:
    """The PostgreSQL target of DATABASE_HOST, _PORT, _NAME, _USER, _PASSWORD. Raises TargetRejected."""
    driver = check_driver(driver, Dialect.POSTGRESQL)
    return _postgresql_target(
        host=values.get("DATABASE_HOST", "").strip(),
        port=_port(values.get("DATABASE_PORT", "").strip()),
        name=values.get("DATABASE_NAME", "").strip(),
        user=values.get("DATABASE_USER", "").strip(),
        password=values.get("DATABASE_PASSWORD", ""),
        options=_checked_options(options, Dialect.POSTGRESQL),
        driver=driver,
    )


def same_database_key(target: DatabaseTarget) -> tuple[str, ...]:
    """Equal for two targets that surely are one database (and one search path), whoever connects how."""
    if target.dialect is Dialect.SQLITE:
        return (target.dialect, os.path.realpath(target.name))
    host = target.host.lower().rstrip(".")
    # libpq's `options` may set the search path, and with it which version table is meant.
    search_path = dict(target.options).get("options", "")
    return (
        target.dialect,
        "localhost" if host in _LOOPBACK else host,
        str(target.port),
        target.name,
        search_path,
    )


def _parse(url: str) -> URL:
    parsed = None
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):
        # Raised below, outside of this block: the error's text may hold parts of a password.
        pass
    if parsed is None:
        raise TargetRejected(
            "This is no database URL.",
            f"Write {SUPPORTED_URLS}; percent-encode special characters of user and password (@ is %40, / is %2F).",
        )
    return parsed


def _single_valued(url: URL) -> dict[str, str]:
    for key, value in url.query.items():
        if not isinstance(value, str):
            raise TargetRejected(f'The URL gives the option "{key}" more than once.', "Keep one of them.")
    return {key: value for key, value in url.query.items() if isinstance(value, str)}


def check_driver(driver: str, dialect: Dialect | None = None) -> str:
    """`driver` as it is, where it is one of `dialect` (of any where that is not known) or empty.

    Raises TargetRejected.
    """
    if driver and (_DRIVER.fullmatch(driver) is None or dialect not in (None, driver.partition("+")[0])):
        raise TargetRejected(
            f"This is no driver of {f'a {dialect}' if dialect else 'a supported'} database.",
            'Write it as SQLAlchemy does, driver = "postgresql+psycopg2" or "sqlite+pysqlite".',
            key="driver",
        )
    return driver


def _checked_options(options: Mapping[str, str], dialect: Dialect) -> tuple[tuple[str, str], ...]:
    refused = _REDIRECTING_OPTIONS if dialect is Dialect.POSTGRESQL else _SQLITE_REFUSED_OPTIONS
    for key, value in options.items():
        if key.lower() in refused:
            raise TargetRejected(
                f'The option "{key}" could lead to another database than the one that is shown and backed up.',
                "Leave it out and say host, port, name, user and password in the URL's own parts.",
            )
        if "\0" in key or "\0" in value:
            raise TargetRejected("An option holds a NUL character.", "Remove it.")
    return tuple(sorted(options.items()))


def _postgresql_target(
    *,
    host: str,
    port: int | None,
    name: str,
    user: str,
    password: str,
    options: tuple[tuple[str, str], ...],
    driver: str,
) -> DatabaseTarget:
    _check_host(host)
    _check_name(name)
    if any("\0" in part for part in (user, password)):
        raise TargetRejected("User or password hold a NUL character.", "Remove it.")
    if port is not None and not 0 < port < 65_536:
        raise TargetRejected("The port is not between 1 and 65535.", f"Usual is {POSTGRESQL_PORT}.")
    return DatabaseTarget(
        dialect=Dialect.POSTGRESQL,
        name=name,
        host=host,
        # Said outright: left out, PGPORT of whatever environment we run in would decide.
        port=port or POSTGRESQL_PORT,
        user=user,
        password=password,
        options=options,
        driver=driver,
    )


def _check_host(host: str) -> None:
    if "," in host:
        raise TargetRejected(
            "The host is a list of hosts.",
            "Name one: with a list, the database that is backed up and the one that is upgraded may differ.",
        )
    if host.startswith(("/", "%2F", "%2f", "@")):
        raise TargetRejected(
            "The host is the path of a socket.",
            "Leave the host empty for the default socket, or write localhost.",
        )
    if _HOST.fullmatch(host) is None:
        # Says nothing of the host: with an unquoted @ in the password, it holds a part of that.
        raise TargetRejected(
            "The host holds a character that no host name has.",
            "If the password holds special characters, percent-encode them in the URL (@ is %40, / is %2F, : is %3A).",
        )


def _check_name(name: str) -> None:
    if not name:
        raise TargetRejected("The name of the database is missing.", f"Write {SUPPORTED_URLS}.")
    if "=" in name or "://" in name:
        raise TargetRejected(
            "The name of the database looks like a connection string.",
            'PostgreSQL\'s client would follow it elsewhere; a name with "=" or "://" is not accepted.',
        )
    if re.search(r"[%?\x00-\x1f\x7f]", name):
        raise TargetRejected(
            'The name of the database holds "%", "?" or a control character.',
            "SQLAlchemy's versions read such a URL differently, so such a name is not accepted.",
        )


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise TargetRejected("DATABASE_PORT is no single number.", f"Write one port, usually {POSTGRESQL_PORT}.")
    return int(text)


def _sqlite_path(database: str, base: Path) -> str:
    if database in ("", ":memory:") or database.startswith("file:"):
        raise TargetRejected(
            "A SQLite database in memory, or given as file:, cannot be observed or backed up.",
            "Name a file: sqlite:///var/app.db (relative to dashboard.toml) or sqlite:////absolute/app.db.",
        )
    if re.search(r"[%?\x00-\x1f\x7f]", database):
        raise TargetRejected(
            'The path of the SQLite file holds "%", "?" or a control character.',
            "SQLAlchemy's versions read such a URL differently; rename the file or its folder.",
        )
    # abspath, not resolve: the child is given the path that was configured, links and all.
    path = os.path.abspath(base / database)  # noqa: PTH100
    if re.search(r"[%?]", path):
        raise TargetRejected(
            'The folder of dashboard.toml holds "%" or "?" in its path.',
            "SQLAlchemy's versions read such a URL differently; move it, or name the database by an absolute path.",
        )
    return path
