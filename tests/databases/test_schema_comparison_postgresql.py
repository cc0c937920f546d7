"""A PostgreSQL schema beside the one that its revisions make."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import DatabaseUnavailable, database_for
from dashboard.databases.schema_comparison import ExpectedSchema, Scope, compare_schema, read_expected
from tests.databases.conftest import target_of
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]
SCOPE = Scope("alembic_version", "")
MADE = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SCHEMA shop;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TABLE people (
    id serial PRIMARY KEY, name varchar(50) NOT NULL DEFAULT 'nobody', feels mood DEFAULT 'good', age positive, nick text,
    made timestamptz NOT NULL DEFAULT now(), whole text GENERATED ALWAYS AS (upper(nick)) STORED,
    CONSTRAINT named CHECK (name IN ('a', 'b'))
);
CREATE INDEX people_name ON people (lower(name)) WHERE age > 3;
CREATE TABLE shop.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person integer REFERENCES people, day date NOT NULL, UNIQUE (day)
);
CREATE TABLE parts (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW grown AS SELECT id, age FROM people WHERE age > 17;
CREATE MATERIALIZED VIEW days AS SELECT day FROM shop.orders;
CREATE SEQUENCE numbers;
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch();
"""


@pytest.fixture(scope="module")
def expected(postgres_server: Server) -> Iterator[ExpectedSchema]:
    """Read from a scratch database, stored and read again."""
    name = "made_by_revisions"
    postgres_server.create_database(name)
    connection = postgres_server.connect(name)
    connection.cursor().execute(MADE)
    connection.close()
    yield pickle.loads(pickle.dumps(read_expected(target_of(postgres_server, name), SCOPE, timeout=10)))
    connection = postgres_server.connect()
    connection.cursor().execute(f"DROP DATABASE {name}")
    connection.close()


@pytest.fixture
def made(execute: Execute) -> None:
    """The fresh database has the same."""
    execute(MADE)


def found(target: DatabaseTarget, expected: ExpectedSchema, scope: Scope = SCOPE) -> list[tuple[str, str, str]]:
    """What differs."""
    return [(d.operation, d.table, d.name) for d in compare_schema(target, expected, scope, timeout=10)]


@pytest.mark.usefixtures("made")
def test_equal_schemas_do_not_differ_and_nothing_is_written(target: DatabaseTarget, expected: ExpectedSchema) -> None:
    database = database_for(target)
    before = database.schema_digest(timeout=10)

    assert found(target, expected) == []

    assert database.schema_digest(timeout=10) == before


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("sql", "difference"),
    [
        ("ALTER TABLE people ADD COLUMN note text", ("drop_column", "people", "note")),
        ("ALTER TABLE shop.orders DROP COLUMN person", ("add_column", "orders", "person")),
        ("ALTER TABLE people ALTER name TYPE varchar(80)", ("alter_column", "people", "name")),
        ("ALTER TABLE people ALTER name DROP NOT NULL", ("alter_column", "people", "name")),
        ("ALTER TABLE people ALTER name SET DEFAULT 'x'", ("alter_column", "people", "name")),
        ("ALTER TABLE people ALTER made DROP DEFAULT", ("alter_column", "people", "made")),
        ("DROP INDEX people_name", ("create_index", "people", "people_name")),
        ("CREATE INDEX more ON people (age)", ("drop_index", "people", "more")),
        (
            "DROP INDEX people_name; CREATE INDEX people_name ON people (lower(name)) WHERE age > 4",
            ("alter_index", "people", "people_name"),
        ),
        ("CREATE TABLE extra (id integer)", ("drop_table", "extra", "")),
        ("DROP VIEW grown; DROP TABLE people CASCADE", ("create_table", "people", "")),
        ("ALTER TYPE mood ADD VALUE 'so-so'", ("alter_enum", "", "mood")),
        (
            "ALTER TABLE people DROP CONSTRAINT named; ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '')",
            ("alter_constraint", "people", "named"),
        ),
        ("ALTER TABLE people ADD CHECK (age < 200)", ("drop_constraint", "people", "people_age_check")),
        ("ALTER TABLE people DROP CONSTRAINT people_pkey CASCADE", ("create_constraint", "people", "people_pkey")),
        ("ALTER TABLE shop.orders DROP CONSTRAINT orders_day_key", ("create_unique_constraint", "orders", "orders_day_key")),
        ("CREATE OR REPLACE VIEW grown AS SELECT id, age FROM people WHERE age > 20", ("alter_view", "", "grown")),
        ("DROP SEQUENCE numbers", ("create_sequence", "", "numbers")),
        (
            "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 3'",
            ("alter_function", "", "twice(n integer)"),
        ),
        ("ALTER TABLE people DISABLE TRIGGER touched", ("alter_trigger", "people", "touched")),
        ("ALTER TABLE people ENABLE ROW LEVEL SECURITY", ("alter_table", "", "people")),
        ("ALTER TABLE people ALTER name TYPE varchar(50) COLLATE \"C\"", ("alter_column", "people", "name")),
    ],
)  # fmt: skip
def test_it_finds(
    sql: str, difference: tuple[str, str, str], target: DatabaseTarget, execute: Execute, expected: ExpectedSchema
) -> None:
    execute(sql)

    differences = found(target, expected)

    assert difference in differences


@pytest.mark.usefixtures("made")
def test_a_difference_tells_how_to_go_back_and_how_to_keep_it(
    target: DatabaseTarget, execute: Execute, expected: ExpectedSchema
) -> None:
    execute("ALTER TABLE people ALTER name SET DEFAULT 'x'; ALTER TYPE mood ADD VALUE 'so-so'")

    column, enum = compare_schema(target, expected, SCOPE, timeout=10)

    assert [(c.what, c.before, c.after) for c in column.changes] == [
        ("default", "'x'::character varying", "'nobody'::character varying")
    ]
    assert "server_default=sa.text(\"'nobody'::character varying\")" in column.repair
    assert "server_default=sa.text(\"'x'::character varying\")" in column.adopt
    assert enum.repair == ""
    assert "ADD VALUE 'so-so'" in enum.adopt


@pytest.mark.usefixtures("made")
def test_extensions_partitions_foreign_schemas_and_ignored_tables_are_not_the_revisions(
    target: DatabaseTarget, execute: Execute, expected: ExpectedSchema
) -> None:
    execute("""
        CREATE EXTENSION hstore;
        CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE INDEX ON parts_2026 (id);
        CREATE SCHEMA neighbour; CREATE TABLE neighbour.theirs (id integer);
        CREATE TABLE audit_log (id serial PRIMARY KEY); CREATE TABLE shop.temporary (id integer UNIQUE);
        CREATE VIEW audit_view AS SELECT 1 AS one;
    """)

    assert found(target, expected, Scope("alembic_version", "", ("audit_*", "shop.temp*"))) == []
    assert len(found(target, expected)) >= 3


@pytest.mark.usefixtures("made")
def test_a_frozen_server_ends_the_comparison_in_time(
    target: DatabaseTarget, execute: Execute, expected: ExpectedSchema, postgres_server: Server
) -> None:
    def freeze() -> None:
        connection = postgres_server.connect()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'alembic-dashboard drift'")
            pids.extend(row[0] for row in cursor.fetchall())
        connection.close()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    pids: list[int] = []
    execute("SELECT 1")
    started = time.monotonic()
    stop = threading.Event()

    def watch() -> None:
        while not pids and not stop.is_set():
            freeze()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.raises(DatabaseUnavailable):
            for _ in range(50):
                compare_schema(target, expected, SCOPE, timeout=1.5)
        assert time.monotonic() - started < 10
    finally:
        stop.set()
        watcher.join()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
