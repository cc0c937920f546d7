"""Which database the reference project connects to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.conftest import ApiProject
from tests.postgresql import Server

PASSWORD = "p%@/:#'\"x"
ROLE = "ugly_api"


@pytest.fixture
def ugly_role(postgres_server: Server, postgres_database: str) -> Iterator[str]:
    """A role that owns the database, with a password that breaks careless quoting."""
    connection = postgres_server.connect()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD %s", (PASSWORD,))
        cursor.execute(f'ALTER DATABASE "{postgres_database}" OWNER TO {ROLE}')
    yield ROLE
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{postgres_database}" WITH (FORCE)')
        cursor.execute(f"DROP ROLE {ROLE}")
    connection.close()


def versions(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def test_with_nothing_set_it_is_the_file_of_the_project(sqlite_project: ApiProject) -> None:
    sqlite_project.alembic("upgrade", "3f1c8a52d9e4")

    assert versions(sqlite_project.directory / "app.db") == ["3f1c8a52d9e4"]


def test_the_five_variables_take_any_password(
    sqlite_project: ApiProject, postgres_server: Server, postgres_database: str, ugly_role: str
) -> None:
    variables = postgres_server.variables(postgres_database)
    variables |= {"DATABASE_USER": ugly_role, "DATABASE_PASSWORD": PASSWORD}

    sqlite_project.alembic("upgrade", "3f1c8a52d9e4", **variables)

    assert sqlite_project.alembic("current", **variables).split() == ["3f1c8a52d9e4"]
    assert not (sqlite_project.directory / "app.db").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_database_url_takes_any_password_and_wins_over_the_five(
    sqlite_project: ApiProject, postgres_server: Server, postgres_database: str, ugly_role: str, scheme: str
) -> None:
    where = f"127.0.0.1:{postgres_server.port}/{postgres_database}"
    url = f"{scheme}://{ugly_role}:{quote(PASSWORD, safe='')}@{where}"

    out = sqlite_project.alembic("upgrade", "3f1c8a52d9e4", DATABASE_URL=url, DATABASE_HOST="192.0.2.1")

    assert out == ""
    assert sqlite_project.alembic("current", DATABASE_URL=url).split() == ["3f1c8a52d9e4"]


def test_a_callers_url_wins_over_all_and_takes_any_password(
    sqlite_project: ApiProject, postgres_server: Server, postgres_database: str, ugly_role: str
) -> None:
    """A caller must double `%`, which ConfigParser would read as interpolation."""
    where = f"127.0.0.1:{postgres_server.port}/{postgres_database}"
    program = (
        "import sys\n"
        "from alembic import command\n"
        "from alembic.config import Config\n"
        "config = Config('alembic.ini')\n"
        "config.set_main_option('sqlalchemy.url', sys.argv[1].replace('%', '%%'))\n"
        "command.upgrade(config, '3f1c8a52d9e4')\n"
        "command.current(config)\n"
    )

    done = sqlite_project.python(
        "-c",
        program,
        f"postgresql://{ugly_role}:{quote(PASSWORD, safe='')}@{where}",
        DATABASE_URL="sqlite:///wrong.db",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3f1c8a52d9e4"]
    assert not list(sqlite_project.directory.glob("*.db"))


def test_half_of_the_five_variables_is_refused_instead_of_the_file(sqlite_project: ApiProject) -> None:
    done = sqlite_project.python("-m", "alembic", "upgrade", "head", DATABASE_NAME="api", DATABASE_PASSWORD="hush")

    assert done.returncode != 0
    assert "DATABASE_HOST, DATABASE_USER not set" in done.stderr + done.stdout
    assert "hush" not in done.stderr + done.stdout
    assert not (sqlite_project.directory / "app.db").exists()


def test_it_runs_from_a_config_made_in_code(sqlite_project: ApiProject) -> None:
    program = (
        "from alembic import command\n"
        "from alembic.config import Config\n"
        "config = Config()\n"
        "config.set_main_option('script_location', 'alembic')\n"
        "command.upgrade(config, '3f1c8a52d9e4')\n"
    )

    done = sqlite_project.python("-c", program)

    assert done.returncode == 0, done.stderr
    assert versions(sqlite_project.directory / "app.db") == ["3f1c8a52d9e4"]
