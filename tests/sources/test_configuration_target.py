from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.sources.configuration_target import (
    TargetRejected,
    same_database_key,
    target_from_url,
    target_from_variables,
)

BASE = Path("/srv/dashboard")
text_without_nul = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


def target_of(url: str, *, driver: str = "", options: dict[str, str] | None = None) -> DatabaseTarget:
    return target_from_url(url, driver=driver, options=options or {}, base=BASE)


def test_a_whole_url_is_taken_apart() -> None:
    target = target_of("postgresql+psycopg://me:p%40ss@db.example:6432/api?sslmode=require&application_name=x")

    assert target == DatabaseTarget(
        dialect=Dialect.POSTGRESQL,
        name="api",
        host="db.example",
        port=6432,
        user="me",
        password="p@ss",
        options=(("application_name", "x"), ("sslmode", "require")),
        driver="postgresql+psycopg",
    )


@pytest.mark.parametrize(
    ("url", "driver", "scheme"),
    [
        ("postgresql://db/api", "", "postgresql+psycopg2"),
        ("postgres://db/api", "", "postgresql+psycopg2"),
        ("postgresql+asyncpg://db/api", "", "postgresql+asyncpg"),
        ("postgresql+asyncpg://db/api", "postgresql+psycopg", "postgresql+psycopg"),
        ("postgresql://db/api", "postgresql", "postgresql"),
        ("sqlite:///a.db", "", "sqlite"),
        ("sqlite+aiosqlite:///a.db", "", "sqlite+aiosqlite"),
        ("sqlite:///a.db", "sqlite+pysqlite", "sqlite+pysqlite"),
    ],
)
def test_the_child_is_given_the_driver_that_was_asked_for(url: str, driver: str, scheme: str) -> None:
    assert target_of(url, driver=driver).child_url().partition("://")[0] == scheme


@pytest.mark.parametrize("driver", ["psycopg2", "mysql+pymysql", "sqlite", "postgresql+", "postgresql+x y"])
def test_a_driver_of_another_database_is_rejected(driver: str) -> None:
    with pytest.raises(TargetRejected, match="driver") as caught:
        target_of("postgresql://db/api", driver=driver)

    assert caught.value.key == "driver"


def test_the_usual_port_is_said_outright() -> None:
    assert target_of("postgresql://db/api").port == 5432


def test_an_ipv6_address_is_a_host() -> None:
    target = target_of("postgresql://me@[::1]:6432/api")

    assert (target.host, target.port) == ("::1", 6432)
    assert make_url(target.child_url()).host == "::1"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/x.db", "/srv/dashboard/var/x.db"),
        ("sqlite:///./var/../x.db", "/srv/dashboard/x.db"),
        ("sqlite:////abs/x.db", "/abs/x.db"),
        ("sqlite:///with space and ü.db", "/srv/dashboard/with space and ü.db"),
    ],
)
def test_a_sqlite_path_is_relative_to_the_file_and_the_child_gets_an_absolute_one(url: str, path: str) -> None:
    target = target_of(url)

    assert target.name == path
    assert make_url(target.child_url()).database == path


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "no database URL"),
        ("api", "no database URL"),
        ("postgresql:/db/api", "no database URL"),
        ("mysql://db/api", r"not supported.*postgresql://user:password@host:port/name or sqlite:///"),
        ("oracle+cx_oracle://db/api", "not supported"),
        ("postgresql://db", "name of the database is missing"),
        ("postgresql://db/", "name of the database is missing"),
        ("postgresql://db:0/api", "port"),
        ("postgresql://db:70000/api", "port"),
        ("postgresql://db:54x2/api", "no database URL"),
        ("postgresql://db/api?sslmode=a&sslmode=b", 'option "sslmode" more than once'),
        ("postgresql://me:p%00w@db/api", "NUL"),
        ("postgresql://db/api?application_name=%00", "NUL"),
        ("postgresql://db/a%25b", "SQLAlchemy's versions"),
        ("postgresql://%2Ftmp/api", "path of a socket"),
        ("sqlite://", "in memory"),
        ("sqlite:///", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x.db?uri=true", "could lead to another database|given as file:"),
        ("sqlite:///x.db?mode=memory", "could lead to another database"),
        ("sqlite://var/x.db", "three slashes"),
        ("sqlite:///a%25b.db", "SQLAlchemy's versions"),
    ],
)
def test_what_names_no_database_safely_is_rejected(url: str, told: str) -> None:
    with pytest.raises(TargetRejected, match=told):
        target_of(url)


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    "name", ["host=evil dbname=x", "dbname=x", "postgres://evil/x", "postgresql://evil/x", "a=b", " = "]
)
def test_a_database_name_that_the_client_would_follow_elsewhere_is_rejected(name: str) -> None:
    with pytest.raises(TargetRejected, match="looks like a connection string"):
        target_of(URL.create("postgresql", host="db", database=name).render_as_string())
    with pytest.raises(TargetRejected, match="looks like a connection string"):
        target_from_variables(
            {"DATABASE_HOST": "db", "DATABASE_NAME": name + "=", "DATABASE_USER": "me"}, driver="", options={}
        )


@pytest.mark.fault(62)
@pytest.mark.parametrize("host", ["a,b", "db,evil", ",", "10.0.0.1,10.0.0.2"])
def test_a_list_of_hosts_is_rejected(host: str) -> None:
    with pytest.raises(TargetRejected, match="list of hosts"):
        target_of(f"postgresql://me@{host}/api")
    with pytest.raises(TargetRejected, match="list of hosts"):
        target_from_variables({"DATABASE_HOST": host, "DATABASE_NAME": "api"}, driver="", options={})


@pytest.mark.fault(62)
def test_a_list_of_ports_is_rejected() -> None:
    with pytest.raises(TargetRejected, match="no single number"):
        target_from_variables({"DATABASE_NAME": "api", "DATABASE_PORT": "5432,5433"}, driver="", options={})


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    "option", ["host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "HOST", "database"]
)
def test_an_option_that_leads_elsewhere_is_rejected(option: str) -> None:
    with pytest.raises(TargetRejected, match="could lead to another database"):
        target_of(f"postgresql://me@db/api?{option}=x")
    with pytest.raises(TargetRejected, match="could lead to another database"):
        target_of("postgresql://me@db/api", options={option: "x"})


def test_options_win_over_those_of_the_url() -> None:
    target = target_of("postgresql://db/api?sslmode=disable", options={"sslmode": "verify-full"})

    assert target.options == (("sslmode", "verify-full"),)


@pytest.mark.fault(57)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter@22hunter@db/api",
        "postgresql://me:hunter22",
        "postgresql://db:hunter22@x@y/api",
        "mysql://me:hunter22@db/api",
        "hunter22",
        "postgresql://me:hunter22@db/hunter22=1",
        "postgresql://me:hunter22@a,b/api",
    ],
)
def test_a_rejected_url_is_not_repeated(url: str) -> None:
    with pytest.raises(TargetRejected) as caught:
        target_of(url)

    assert "hunter" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.fault(57)
@given(user=text_without_nul, password=text_without_nul)
def test_any_user_and_password_survive_from_url_to_url(user: str, password: str) -> None:
    given_url = URL.create("postgresql", user or "me", password, "db", 5432, "api")

    target = target_of(given_url.render_as_string(hide_password=False))
    seen = make_url(target.child_url())

    assert (target.user, target.password) == (user or "me", password)
    assert (seen.username, seen.password or "") == (user or "me", password)
    assert (seen.host, seen.port, seen.database) == ("db", 5432, "api")


@pytest.mark.fault(57)
@given(password=text_without_nul)
def test_any_password_survives_from_variables_to_url(password: str) -> None:
    values = {"DATABASE_HOST": "db", "DATABASE_NAME": "api", "DATABASE_USER": "me", "DATABASE_PASSWORD": password}

    target = target_from_variables(values, driver="", options={})

    assert target.password == password
    assert (make_url(target.child_url()).password or "") == password


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_rejected_and_nothing_else(text: str) -> None:
    for url in (text, f"postgresql://{text}", f"postgresql://me:{text}@db/api", f"sqlite:///{text}"):
        try:
            target = target_of(url)
        except TargetRejected:
            continue
        assert "," not in target.host
        assert target.dialect is not Dialect.POSTGRESQL or "=" not in target.name


def test_a_link_to_itself_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "loop.db").symlink_to("loop.db")

    assert same_database_key(target_of(f"sqlite:///{tmp_path}/loop.db"))


def test_one_database_is_recognised_whoever_connects() -> None:
    one = target_of("postgresql://me:x@LOCALHOST/api")
    other = target_of("postgresql+asyncpg://you@127.0.0.1:5432/api?sslmode=disable")

    assert same_database_key(one) == same_database_key(other)
