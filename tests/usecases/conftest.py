"""A `site` on SQLite and on PostgreSQL: each test that takes it runs on both."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.alembic_project import AlembicProject, make_project
from tests.usecases.site import Site, make_person, run_alembic

ROOT = Path(__file__).resolve().parents[2]
ENV_URL = """
if not context.config.get_main_option("sqlalchemy.url"):
    context.config.set_main_option("sqlalchemy.url", os.environ["SITE_URL"].replace("%", "%%"))
"""


@pytest.fixture(scope="session")
def sqlite_at_r1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as Alembic leaves it at r1; each test gets a copy."""
    folder = tmp_path_factory.mktemp("at-r1")
    run_alembic(_make_project(folder), f"sqlite:///{folder / 'r1.db'}", "upgrade", "r1")
    return folder / "r1.db"


@pytest.fixture(scope="session")
def postgres_at_r1(tmp_path_factory: pytest.TempPathFactory, postgres_server: Any) -> str:
    """The name of the same on PostgreSQL."""
    name = f"at_r1_{os.getpid()}"
    postgres_server.create_database(name)
    run_alembic(_make_project(tmp_path_factory.mktemp("at-r1")), _url(postgres_server, name), "upgrade", "r1")
    return name


@pytest.fixture
def sqlite_site(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None, sqlite_at_r1: Path
) -> Site:
    """The environment is a SQLite file."""
    path = tmp_path / "production.db"
    shutil.copyfile(sqlite_at_r1, path)
    return lay_out_site(
        tmp_path, settings, monkeypatch, f"sqlite:///{path}", "sqlite",
        lambda: sqlite3.connect(path, isolation_level=None),
    )  # fmt: skip


@pytest.fixture
def postgres_site(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None,
    postgres_server: Any, postgres_database: str, postgres_at_r1: str,
) -> Site:  # fmt: skip
    """The environment is a PostgreSQL database, its password full of signs that need quoting."""
    server = postgres_server
    server.create_database(postgres_database, template=postgres_at_r1)
    return lay_out_site(
        tmp_path, settings, monkeypatch, _url(server, postgres_database), "postgresql",
        lambda: server.connect(postgres_database),
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, transactional_db: None) -> Site:
    """On both."""
    found: Site = request.getfixturevalue("sqlite_site" if request.param == "sqlite" else "postgres_site")
    return found


def lay_out_site(tmp_path: Path, settings: Any, monkeypatch: Any, url: str, dialect: str, database: Any) -> Site:
    """Of the database at `url`, to which `database` connects; it is at r1, with r2 and r3 pending."""
    project = _make_project(tmp_path)
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    monkeypatch.setenv("TEST_URL", url)
    found = Site(tmp_path, project, url, dialect, make_person("operator"), database)
    found.configure()
    return found


def _make_project(folder: Path) -> AlembicProject:
    project = make_project(folder / "project", extra=ENV_URL)
    project.add_tables(1, 2, 3)
    return project


def _url(server: Any, name: str) -> str:
    return f"postgresql+psycopg2://{server.admin}:{quote(server.password, safe='')}@{server.host}:{server.port}/{name}"


@pytest.fixture
def start_worker(site: Site) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a real worker on the test's storage; whatever is left of it afterwards is killed."""
    processes = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "db_worker", "--interval", "0.1", "--no-startup-delay"],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "DASHBOARD_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
                "DASHBOARD_CONFIG": str(site.folder / "dashboard.toml"),
                "DASHBOARD_DATA": str(site.folder / "var"),
            },
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
