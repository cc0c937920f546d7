from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import create_engine, text

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.secrets import MASK, Masker
from dashboard.sources.configuration import NotConfigured
from tests import postgresql
from tests.sources.configuration_folder import PROJECT, load, load_environment

FIVE = """variables_prefix = "STAGING_" """
VALUES = {
    "STAGING_DATABASE_HOST": "db",
    "STAGING_DATABASE_PORT": "6432",
    "STAGING_DATABASE_NAME": "api",
    "STAGING_DATABASE_USER": "me",
    "STAGING_DATABASE_PASSWORD": "p@ss/w:rd",
}


def test_a_url_becomes_a_target_and_the_variables_of_a_child(tmp_path: Path) -> None:
    environment = load_environment(tmp_path, 'url = "postgresql://me:p%40ss@db/api"')

    resolved = environment.resolve({})

    assert (resolved.target.host, resolved.target.user, resolved.target.password) == ("db", "me", "p@ss")
    assert resolved.child_variables == {
        "DATABASE_URL": "postgresql+psycopg2://me:p%40ss@db:5432/api",
        "DATABASE_HOST": "db",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "api",
        "DATABASE_USER": "me",
        "DATABASE_PASSWORD": "p@ss",
    }


def test_a_sqlite_file_becomes_a_target_and_the_variables_of_a_child(tmp_path: Path) -> None:
    resolved = load_environment(tmp_path, 'url = "sqlite:///var/app.db"').resolve({})

    path = f"{tmp_path}/var/app.db"
    assert (resolved.target.dialect, resolved.target.name) == (Dialect.SQLITE, path)
    assert resolved.child_variables["DATABASE_URL"] == f"sqlite:///{path}"
    assert resolved.child_variables["DATABASE_NAME"] == path
    assert not (tmp_path / "var").exists()


def test_a_prefix_leads_to_the_five_variables(tmp_path: Path) -> None:
    resolved = load_environment(tmp_path, FIVE).resolve(VALUES)

    assert resolved.child_variables == {
        "DATABASE_URL": "postgresql+psycopg2://me:p%40ss%2Fw%3Ard@db:6432/api",
        **{name.removeprefix("STAGING_"): value for name, value in VALUES.items()},
    }


def test_variables_may_complete_a_prefix_and_win_over_it(tmp_path: Path) -> None:
    environment = load_environment(tmp_path, FIVE + '\nvariables = { DATABASE_HOST = "other", MODE = "x" }')

    resolved = environment.resolve(VALUES)

    assert (resolved.target.host, resolved.target.name) == ("other", "api")
    assert resolved.child_variables["DATABASE_HOST"] == "other"
    assert resolved.child_variables["MODE"] == "x"


def test_the_five_variables_may_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    environment = load_environment(
        tmp_path,
        'variables = { DATABASE_HOST = "db", DATABASE_NAME = "api", DATABASE_USER = "me", '
        'DATABASE_PASSWORD = { file = "password" } }',
    )

    resolved = environment.resolve({})

    assert resolved.child_variables["DATABASE_URL"] == "postgresql+psycopg2://me:s3cret@db:5432/api"
    assert resolved.secrets == ("s3cret",)


def test_placeholders_are_filled(tmp_path: Path) -> None:
    environment = load_environment(
        tmp_path,
        """url = "postgresql://me:p%40ss@db/api"
driver = "postgresql+asyncpg"
[projects.api.environments.production.variables]
APP_DSN = "{url}"
DSN = "host={host} port={port} dbname={name} user={user} password={password}"
DRIVER = "{driver}"
JSON = '{"a": {"b": 1}}'
LITERAL = "{{name}} of {name}"
""",
    )

    child = environment.resolve({}).child_variables

    assert child["APP_DSN"] == child["DATABASE_URL"] == "postgresql+asyncpg://me:p%40ss@db:5432/api"
    assert child["DSN"] == "host=db port=5432 dbname=api user=me password=p@ss"
    assert child["DRIVER"] == "postgresql+asyncpg"
    assert child["JSON"] == '{"a": {"b": 1}}'
    assert child["LITERAL"] == "{name} of api"


def test_a_secret_that_looks_like_a_placeholder_is_not_filled(tmp_path: Path) -> None:
    environment = load_environment(
        tmp_path, 'url = { env = "URL" }\nvariables = { TOKEN = { env = "TOKEN" }, P = "{password}" }'
    )

    child = environment.resolve({"URL": "postgresql://me:{name}@db/api", "TOKEN": "{url}"}).child_variables

    assert (child["TOKEN"], child["P"]) == ("{url}", "{name}")


@pytest.mark.parametrize(
    ("lines", "environ", "told"),
    [
        ('url = { env = "URL" }', {}, "The environment variable URL is not set."),
        ('url = { env = "URL" }', {"URL": ""}, "In the environment variable URL: This is no database URL."),
        ('url = { env = "URL" }', {"URL": "mysql://me:hunter22@db/x"}, "not supported"),
        ('url = { env = "URL" }', {"URL": "postgresql://me:hunter22@a,b/x"}, "list of hosts"),
        ('url = { env = "URL" }', {"URL": "postgresql://me:hunter22@db/x=hunter22"}, "connection string"),
        ('url = { file = "missing" }', {}, "/missing cannot be read: No such file"),
        ('url = { file = "dashboard.toml" }', {}, "dashboard.toml: This is no database URL"),
        (
            FIVE,
            {},
            "STAGING_DATABASE_HOST, STAGING_DATABASE_NAME, STAGING_DATABASE_USER are not set.",
        ),
        (FIVE, {**VALUES, "STAGING_DATABASE_PORT": "x"}, "In the variables STAGING_DATABASE_...: DATABASE_PORT"),
        (FIVE, {**VALUES, "STAGING_DATABASE_NAME": "host=evil"}, "connection string"),
        (FIVE, {key: VALUES[key] for key in list(VALUES)[:3]}, "STAGING_DATABASE_USER is not set."),
        (
            'url = "sqlite:///a.db"\nvariables = { TOKEN = { env = "TOKEN" } }',
            {},
            "The environment variable TOKEN is not set.",
        ),
        (
            'url = "sqlite:///a.db"\noptions = { timeout = { env = "LIMIT" } }',
            {},
            "The environment variable LIMIT is not set.",
        ),
    ],
)
@pytest.mark.fault(71)
def test_what_cannot_be_resolved_is_told_when_it_is_needed_and_shows_no_secret(
    tmp_path: Path, lines: str, environ: dict[str, str], told: str
) -> None:
    environment = load_environment(tmp_path, lines, environ)

    with pytest.raises(NotConfigured) as caught:
        environment.resolve(environ)

    assert told in str(caught.value)
    assert "hunter22" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.fault(71)
def test_a_missing_secret_concerns_its_environment_alone(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        f"""{PROJECT}[projects.api.environments.development]
url = "sqlite:///app.db"
[projects.api.environments.production]
url = {{ env = "NOT_SET" }}
""",
    ).project("api")

    assert project.environment("development").resolve({}).target.name.endswith("/app.db")
    with pytest.raises(NotConfigured):
        project.environment("production").resolve({})


@pytest.mark.fault(58)
def test_everything_secret_is_handed_to_the_masker(tmp_path: Path) -> None:
    environment = load_environment(
        tmp_path,
        """url = { env = "URL" }
options = { sslpassword = "0ption" }
[projects.api.environments.production.variables]
SIGNING = { env = "SIGNING" }
API_KEY = "l1teral"
MODE = "production"
DSN = "postgresql://{user}:{password}@{host}"
""",
    )
    given_url = "postgresql://me:%70%40ss%25@db/api"

    resolved = environment.resolve({"URL": given_url, "SIGNING": "s1gning"})
    masked = Masker(resolved.secrets).mask(
        f"{given_url} p@ss% p%40ss%25 s1gning l1teral 0ption production " + " ".join(resolved.child_variables.values())
    )

    for secret in ("p@ss", "%70%40ss", "p%40ss", "s1gning", "l1teral", "0ption"):
        assert secret not in masked
    assert "production" in masked
    assert MASK in masked


def test_host_and_user_are_no_secrets_wherever_they_come_from(tmp_path: Path) -> None:
    environment = load_environment(
        tmp_path,
        """[projects.api.environments.production.variables]
DATABASE_HOST = { env = "HOST" }
DATABASE_NAME = { env = "NAME" }
DATABASE_USER = { env = "USER" }
""",
    )

    assert environment.resolve({"HOST": "database", "NAME": "project", "USER": "migrator"}).secrets == ()


@pytest.mark.fault(70)
def test_nothing_of_our_own_environment_reaches_the_child(tmp_path: Path) -> None:
    own = {"DASHBOARD_SECRET_KEY": "k3y", "DASHBOARD_DATABASE_URL": "postgresql://x:y@z/w", "PATH": "/bin"}

    child = load_environment(tmp_path, FIVE).resolve({**VALUES, **own}).child_variables

    assert not set(own) & set(child)
    assert not set(own.values()) & set(child.values())


@pytest.mark.fault(57)
def test_a_server_accepts_what_was_resolved(tmp_path: Path, postgres_server: postgresql.Server) -> None:
    password = "p%@/:#'\" x{name}\\"
    with postgres_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE configured LOGIN PASSWORD %s", (password,))
    connection.close()
    environ = {
        "STAGING_DATABASE_HOST": "127.0.0.1",
        "STAGING_DATABASE_PORT": str(postgres_server.port),
        "STAGING_DATABASE_NAME": "postgres",
        "STAGING_DATABASE_USER": "configured",
        "STAGING_DATABASE_PASSWORD": password,
    }

    resolved = load_environment(tmp_path, FIVE).resolve(environ)

    target = resolved.target
    psycopg2.connect(
        host=target.host, port=target.port, dbname=target.name, user=target.user, password=target.password
    ).close()
    engine = create_engine(resolved.child_variables["DATABASE_URL"])
    with engine.connect() as child:
        assert child.execute(text("SELECT current_user")).scalar() == "configured"
    engine.dispose()
    with postgres_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE configured")
    connection.close()


def test_a_scratch_server_is_resolved_when_it_is_used_and_its_password_is_a_secret(tmp_path: Path) -> None:
    lines = 'url = "postgresql://app:first@h/d"\nscratch = { url = { env = "SCRATCH_URL" }, space = "2GB" }'
    environ = {"SCRATCH_URL": "postgresql://copies:s%40cret@elsewhere:5433/postgres"}
    found = load_environment(tmp_path, lines)

    server = found.resolve_scratch(environ)

    assert server is not None
    assert (server.host, server.port, server.name, server.password) == ("elsewhere", 5433, "postgres", "s@cret")
    assert found.scratch is not None and found.scratch.space == 2 * 1024**3
    assert {"first", "s@cret", environ["SCRATCH_URL"]} <= set(found.resolve(environ).secrets)
    assert "s@cret" not in repr(found) and not any(
        "elsewhere" in text for text in found.resolve(environ).child_variables.values()
    )
    with pytest.raises(NotConfigured, match="SCRATCH_URL is not set"):
        found.resolve_scratch({})
    assert found.resolve({}).target.password == "first"


def test_without_a_scratch_server_there_is_none(tmp_path: Path) -> None:
    assert load_environment(tmp_path, 'url = "postgresql://h/d"').resolve_scratch({}) is None


def test_a_scratch_server_of_another_kind_is_told_when_it_is_used(tmp_path: Path) -> None:
    found = load_environment(tmp_path, 'url = "postgresql://h/d"\nscratch = { url = { env = "X" } }')

    with pytest.raises(NotConfigured, match="no PostgreSQL"):
        found.resolve_scratch({"X": "sqlite:///x.db"})


COPY = DatabaseTarget(Dialect.POSTGRESQL, "copy", "scratch", 5433, "copies", "other", (("sslmode", "disable"),))


def test_everything_a_child_is_given_can_lead_to_a_copy_instead(tmp_path: Path) -> None:
    lines = """
url = "postgresql+psycopg2://me:secret@db/api?options=-csearch_path%3Dtenant&sslmode=verify-full"
variables = { DSN = "{url}", DATABASE_HOST = "{host}", PLACE = "{user} at {name}", LEVEL = "5" }"""

    resolved = load_environment(tmp_path, lines).resolve({}, at=COPY)

    url = "postgresql+psycopg2://copies:other@scratch:5433/copy?options=-csearch_path%3Dtenant&sslmode=disable"
    assert resolved.target.child_url() == url
    assert resolved.child_variables == {
        "DATABASE_URL": url, "DSN": url, "PLACE": "copies at copy", "LEVEL": "5", "DATABASE_HOST": "scratch",
        "DATABASE_PORT": "5433", "DATABASE_NAME": "copy", "DATABASE_USER": "copies", "DATABASE_PASSWORD": "other",
    }  # fmt: skip
    assert {"secret", "other"} <= set(resolved.secrets)


@pytest.mark.parametrize(
    "lines", [FIVE, 'variables = { DATABASE_HOST = "db", DATABASE_NAME = "api", DATABASE_USER = "me" }']
)
def test_the_five_variables_lead_to_a_copy_as_well(tmp_path: Path, lines: str) -> None:
    resolved = load_environment(tmp_path, lines).resolve(VALUES, at=COPY)

    assert resolved.child_variables == {
        "DATABASE_URL": "postgresql+psycopg2://copies:other@scratch:5433/copy?sslmode=disable",
        "DATABASE_HOST": "scratch", "DATABASE_PORT": "5433", "DATABASE_NAME": "copy", "DATABASE_USER": "copies",
        "DATABASE_PASSWORD": "other",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("postgresql://me:secret@db/api", "postgresql://reader@db/api"),
        ("postgresql://me:secret@db/api", "host=other password=secret"),
        ("sqlite:////srv/app.db", "/srv/app.db"),
    ],
)
def test_a_variable_that_leads_to_the_database_itself_is_not_given_for_a_copy(
    tmp_path: Path, url: str, value: str
) -> None:
    environment = load_environment(tmp_path, f'url = "{url}"\nvariables = {{ OTHER = "{value}" }}')

    with pytest.raises(NotConfigured, match="The variable OTHER leads to") as caught:
        environment.resolve({}, at=COPY)

    assert "secret" not in str(caught.value)
