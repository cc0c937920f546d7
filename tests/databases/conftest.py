"""Targets for the tests of this room."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.backup import BackupFile, take_backup
from tests.postgresql import Server


def target_of(server: Server, database: str, **changes: Any) -> DatabaseTarget:
    """`database` of `server`, as its admin unless told otherwise."""
    given: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "user": server.admin,
        "password": server.password,
    }
    return DatabaseTarget(Dialect.POSTGRESQL, database, **(given | changes))


@pytest.fixture
def target(postgres_server: Server, postgres_database: str) -> DatabaseTarget:
    """A fresh, empty PostgreSQL database."""
    return target_of(postgres_server, postgres_database)


@pytest.fixture
def execute(postgres_server: Server, postgres_database: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Runs SQL in the fresh database as admin, in autocommit mode."""
    connection = postgres_server.connect(postgres_database)

    def run(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    yield run
    connection.close()


@pytest.fixture
def role(postgres_server: Server) -> Iterator[str]:
    """A role without any right of its own; password `plain-secret`."""
    name = "plain"
    connection = postgres_server.connect()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {name}")
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'plain-secret'")
    yield name
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (name,))
    connection.close()


@contextmanager
def open_transaction(server: Server, database: str, sql: str) -> Iterator[None]:
    """Another session with `sql` executed and not committed."""
    connection = server.connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(sql)
            yield
    finally:
        connection.close()


def sqlite_target(path: Path) -> DatabaseTarget:
    """The file at `path`, which need not exist."""
    return DatabaseTarget(Dialect.SQLITE, str(path))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose disk is full after 200 kB; where none can be mounted, no file may grow beyond that."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder], capture_output=True, check=False
    ).returncode
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if mounted:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def take(target: DatabaseTarget, postgres_server: Server, tmp_path: Path) -> Callable[..., BackupFile]:
    """Takes a backup of the fresh database into `backups`."""

    def take_it(target: DatabaseTarget = target, **changes: Any) -> BackupFile:
        settings: dict[str, Any] = {
            "directory": tmp_path / "backups",
            "stem": "api-staging-1",
            "tools": str(postgres_server.bin),
            "progress": lambda done: None,
            "deadline": 60,
            "stop": lambda: False,
        }
        return take_backup(target, **(settings | changes))

    return take_it


@pytest.fixture
def filled(execute: Callable[..., list[tuple[Any, ...]]]) -> None:
    """The fresh database holds a table of 20,000 rows and a version table at a1."""
    execute(
        "CREATE TABLE big AS SELECT n, md5(random()::text) AS text FROM generate_series(1, 20000) n;"
        "CREATE TABLE alembic_version AS SELECT 'a1' AS version_num"
    )
