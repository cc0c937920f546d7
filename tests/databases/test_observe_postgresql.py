"""Eight ways in which a PostgreSQL version table cannot be read, told apart; and how it is read."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import database_for
from dashboard.revisions.status import Reason, VersionReading
from tests.databases.conftest import open_transaction, target_of
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]

VERSION_TABLE = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"


def observe(target: DatabaseTarget, **settings: str) -> VersionReading:
    return database_for(target, **settings).observe(timeout=5)


def test_it_reads_several_rows(target: DatabaseTarget, execute: Execute) -> None:
    execute(VERSION_TABLE)
    execute("INSERT INTO alembic_version VALUES ('b2'), ('a1')")

    reading = observe(target)

    assert (reading.rows, reading.reason, reading.detail) == (("a1", "b2"), None, "")
    assert reading.server.startswith("PostgreSQL 1")


def test_the_identity_is_of_the_database_and_not_of_the_way_to_it(
    postgres_server: Server, target: DatabaseTarget, execute: Execute, role: str
) -> None:
    execute(VERSION_TABLE)
    oid = execute("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]

    as_admin = observe(target).identity
    as_other = observe(replace(target, host="localhost", user=role, password="plain-secret")).identity

    system = execute("SELECT system_identifier FROM pg_control_system()")[0][0]
    assert as_admin == as_other == f"{system}:{oid}:public:alembic_version"
    assert observe(target_of(postgres_server, "postgres")).identity != as_admin
    assert observe(target, version_table_schema="other").identity != as_admin


def test_a_server_that_hides_its_system_identifier_is_known_by_its_address(
    target: DatabaseTarget, execute: Execute, role: str
) -> None:
    execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")

    reading = observe(replace(target, user=role, password="plain-secret"))

    assert reading.reason is Reason.NO_TABLE
    assert reading.identity.startswith(f"{target.host}:{target.port}:")


@pytest.mark.fault(48)
def test_a_wrong_password_is_an_authentication_matter(target: DatabaseTarget) -> None:
    reading = observe(replace(target, password="wrong-secret"))

    assert reading.reason is Reason.AUTHENTICATION
    assert "Check user and password" in reading.detail
    assert "wrong-secret" not in reading.detail


@pytest.mark.fault(48)
def test_a_missing_database_is_named(target: DatabaseTarget) -> None:
    reading = observe(replace(target, name="no_such_db"))

    assert reading.reason is Reason.NO_DATABASE
    assert "no_such_db" in reading.detail


@pytest.mark.fault(48)
def test_a_missing_table_is_not_an_empty_one(target: DatabaseTarget, execute: Execute) -> None:
    assert observe(target).reason is Reason.NO_TABLE

    execute(VERSION_TABLE)

    assert observe(target).reason is Reason.EMPTY_TABLE


@pytest.mark.fault(48)
def test_other_tables_without_a_version_table_are_told(target: DatabaseTarget, execute: Execute) -> None:
    execute("CREATE TABLE users (id int)")

    reading = observe(target)

    assert reading.reason is Reason.SCHEMA_NOT_EMPTY
    assert "stamp" in reading.detail


@pytest.mark.fault(48)
def test_a_table_without_the_right_to_read_it_is_told(target: DatabaseTarget, execute: Execute, role: str) -> None:
    execute(VERSION_TABLE)

    reading = observe(replace(target, user=role, password="plain-secret"))

    assert reading.reason is Reason.PERMISSION
    assert "SELECT" in reading.detail
    assert reading.identity


@pytest.mark.fault(48)
def test_a_schema_that_may_not_be_used_is_told(target: DatabaseTarget, execute: Execute, role: str) -> None:
    execute("CREATE SCHEMA closed; CREATE TABLE closed.alembic_version (version_num text)")

    reading = observe(replace(target, user=role, password="plain-secret"), version_table_schema="closed")

    assert reading.reason is Reason.PERMISSION
    assert "USAGE" in reading.detail


@pytest.mark.fault(48)
def test_a_database_that_may_not_be_connected_to_is_told(target: DatabaseTarget, execute: Execute, role: str) -> None:
    execute(f'REVOKE CONNECT ON DATABASE "{target.name}" FROM public')

    assert observe(replace(target, user=role, password="plain-secret")).reason is Reason.PERMISSION


@pytest.mark.fault(48)
def test_row_security_that_hides_rows_is_not_taken_for_emptiness(
    target: DatabaseTarget, execute: Execute, role: str
) -> None:
    execute(VERSION_TABLE)
    execute("INSERT INTO alembic_version VALUES ('a1')")
    execute(f"ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY; GRANT SELECT ON alembic_version TO {role}")

    assert observe(replace(target, user=role, password="plain-secret")).reason is Reason.PERMISSION


@pytest.mark.fault(48)
def test_a_locked_table_is_told_at_once_with_who_locks_it(
    postgres_server: Server, target: DatabaseTarget, execute: Execute
) -> None:
    execute(VERSION_TABLE)
    started = time.monotonic()

    with open_transaction(postgres_server, target.name, "LOCK TABLE alembic_version"):
        reading = observe(target)

    assert reading.reason is Reason.LOCKED
    assert f"user {postgres_server.admin}" in reading.detail
    assert time.monotonic() - started < 2


@pytest.mark.fault(48)
@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE alembic_version (id int)",
        "CREATE TABLE alembic_version (version_num int)",
        "CREATE VIEW alembic_version AS SELECT 'a'::text AS version_num",
        "CREATE TABLE alembic_version AS SELECT n::text AS version_num FROM generate_series(1, 2000) n",
        "CREATE TABLE alembic_version AS SELECT NULL::text AS version_num",
    ],
)
def test_a_foreign_table_of_that_name_is_no_version_table(target: DatabaseTarget, execute: Execute, sql: str) -> None:
    execute(sql)

    reading = observe(target)

    assert reading.reason is Reason.NOT_A_VERSION_TABLE
    assert "Set version_table" in reading.detail


def test_a_closed_port_is_refused(target: DatabaseTarget) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        reading = observe(replace(target, port=closed.getsockname()[1]))

    assert reading.reason is Reason.REFUSED
    assert "Connection refused. Check host and port" in reading.detail and "Is the server" not in reading.detail


def test_a_host_that_does_not_exist_is_refused(target: DatabaseTarget) -> None:
    assert observe(replace(target, host="nowhere.invalid")).reason is Reason.REFUSED


@pytest.mark.fault(47)
def test_a_silent_host_is_a_timeout(target: DatabaseTarget) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()

        reading = database_for(replace(target, port=silent.getsockname()[1])).observe(timeout=0.5)

    assert reading.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 1.5


def test_a_configured_schema_is_read(target: DatabaseTarget, execute: Execute) -> None:
    execute('CREATE SCHEMA "My ""App"; CREATE TABLE "My ""App".alembic_version (version_num text)')
    execute('INSERT INTO "My ""App".alembic_version VALUES (\'a1\')')

    assert observe(target, version_table_schema='My "App').rows == ("a1",)


@pytest.mark.fault(50)
def test_a_version_table_in_another_schema_is_explained_and_not_called_missing(
    target: DatabaseTarget, execute: Execute
) -> None:
    execute("CREATE SCHEMA tenant; CREATE TABLE tenant.alembic_version (version_num text)")

    reading = observe(target)

    assert reading.reason is Reason.SCHEMA_NOT_EMPTY
    assert 'version_table_schema = "tenant"' in reading.detail


@pytest.mark.fault(50)
def test_a_version_table_on_the_search_path_is_found(target: DatabaseTarget, execute: Execute) -> None:
    execute("CREATE SCHEMA tenant; CREATE TABLE tenant.alembic_version AS SELECT 'a1' AS version_num")

    reading = observe(replace(target, options=(("options", "-c search_path=tenant,public"),)))

    assert reading.rows == ("a1",)
    assert reading.identity.endswith(":tenant:alembic_version")


def test_a_schema_of_its_own_may_be_started_beside_another(target: DatabaseTarget, execute: Execute) -> None:
    execute("CREATE SCHEMA a; CREATE TABLE a.alembic_version (version_num text)")

    assert observe(target, version_table_schema="b").reason is Reason.NO_TABLE


@pytest.mark.fault(51)
def test_reading_writes_nothing(target: DatabaseTarget, execute: Execute) -> None:
    before = execute("SELECT count(*) FROM pg_class")

    observe(target)

    assert execute("SELECT count(*) FROM pg_class") == before


@pytest.mark.fault(61)
@pytest.mark.parametrize("name", ["host=evil dbname=x", "postgresql://evil/x"])
def test_a_database_name_is_never_a_connection_string(target: DatabaseTarget, name: str) -> None:
    reading = observe(replace(target, name=name))

    assert reading.reason is Reason.NOT_CONFIGURED


@pytest.mark.parametrize("variable", ["PGHOSTADDR", "PGSERVICE", "PGOPTIONS"])
def test_the_dashboards_own_variables_redirect_no_connection(
    target: DatabaseTarget, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with monkeypatch.context() as patch:  # over before the fixture drops its database, which libpq does too
        patch.setenv(variable, "elsewhere")
        reading = observe(target)

    assert reading.reason is Reason.NOT_CONFIGURED
    assert variable in reading.detail


def test_options_of_the_childs_driver_do_not_disturb(target: DatabaseTarget, execute: Execute) -> None:
    execute(VERSION_TABLE)

    reading = observe(replace(target, options=(("prepared_statement_cache_size", "0"), ("sslmode", "prefer"))))

    assert reading.reason is Reason.EMPTY_TABLE
