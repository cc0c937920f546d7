"""A `site` on SQLite and on PostgreSQL: each test that takes it runs on both."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.alembic_project import make_project
from tests.usecases.site import Site, make_person

ROOT = Path(__file__).resolve().parents[2]
ENV_URL = """
if not context.config.get_main_option("sqlalchemy.url"):
    context.config.set_main_option("sqlalchemy.url", os.environ["SITE_URL"].replace("%", "%%"))
"""


@pytest.fixture
def sqlite_site(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Site:
    """The environment is a SQLite file."""
    path = tmp_path / "production.db"
    return lay_out_site(
        tmp_path, settings, monkeypatch, f"sqlite:///{path}", "sqlite",
        lambda: sqlite3.connect(path, isolation_level=None),
    )  # fmt: skip


@pytest.fixture
def postgres_site(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None,
    postgres_server: Any, postgres_database: str,
) -> Site:  # fmt: skip
    """The environment is a PostgreSQL database, its password full of signs that need quoting."""
    server = postgres_server
    url = f"postgresql+psycopg2://{server.admin}:{quote(server.password, safe='')}@{server.host}:{server.port}/{postgres_database}"
    return lay_out_site(tmp_path, settings, monkeypatch, url, "postgresql", lambda: server.connect(postgres_database))


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, transactional_db: None) -> Site:
    """On both."""
    found: Site = request.getfixturevalue("sqlite_site" if request.param == "sqlite" else "postgres_site")
    return found


def lay_out_site(tmp_path: Path, settings: Any, monkeypatch: Any, url: str, dialect: str, database: Any) -> Site:
    """Of the database at `url`, to which `database` connects; at r1, with r2 and r3 pending."""
    project = make_project(tmp_path / "project", extra=ENV_URL)
    project.add_tables(1, 2, 3)
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    monkeypatch.setenv("TEST_URL", url)
    found = Site(tmp_path, project, url, dialect, make_person("operator"), database)
    found.configure()
    found.alembic("upgrade", "r1")
    return found


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
