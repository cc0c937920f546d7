"""Whatever a revision can do to a schema changes its digest; what leaves it the same does not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import DatabaseUnavailable, database_for
from dashboard.databases.database import Deadline
from dashboard.databases.postgresql.connection import open_connection
from dashboard.databases.postgresql.schema import digest_schema
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = int);
CREATE SEQUENCE numbers;
CREATE TABLE users (id serial PRIMARY KEY, gone int, name varchar(20) NOT NULL DEFAULT 'x', mood mood, age positive);
ALTER TABLE users DROP COLUMN gone;
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, user_id int REFERENCES users, total numeric(10,2),
  double numeric GENERATED ALWAYS AS (total * 2) STORED);
CREATE TABLE parts (id int, region text) PARTITION BY LIST (region);
CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
CREATE INDEX orders_user ON orders (user_id) WHERE total > 0;
CREATE VIEW names AS SELECT name FROM users;
CREATE MATERIALIZED VIEW sums AS SELECT user_id, sum(total) FROM orders GROUP BY 1;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING;
CREATE POLICY own ON users USING (name = current_user);
CREATE STATISTICS related ON user_id, total FROM orders;
CREATE SCHEMA other;
CREATE TABLE other.things (id int);
CREATE PUBLICATION changes FOR TABLE users;
CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
CREATE COLLATION ours FROM "C";
CREATE CAST (pair AS text) WITH INOUT;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER far FOREIGN DATA WRAPPER w;
GRANT SELECT ON users TO pg_monitor;
"""

CHANGES = [
    "CREATE TABLE more (id int)",
    "DROP TABLE other.things",
    "CREATE UNLOGGED TABLE more (id int)",
    "ALTER TABLE users RENAME TO people",
    "ALTER TABLE users ADD COLUMN more int",
    "ALTER TABLE users DROP COLUMN age",
    "ALTER TABLE users RENAME COLUMN name TO title",
    "ALTER TABLE other.things ALTER COLUMN id TYPE bigint",
    "ALTER TABLE users ALTER COLUMN name DROP NOT NULL",
    "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'y'",
    "ALTER TABLE users ALTER COLUMN name SET STATISTICS 10",
    "ALTER TABLE orders ALTER COLUMN id DROP IDENTITY",
    "ALTER TABLE orders ALTER COLUMN double DROP EXPRESSION",
    "ALTER TABLE users ADD CONSTRAINT named UNIQUE (name)",
    "ALTER TABLE users ADD CONSTRAINT long CHECK (length(name) > 1) NOT VALID",
    "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey",
    "ALTER TABLE users SET (fillfactor = 70)",
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE users REPLICA IDENTITY FULL",
    "ALTER TABLE parts DETACH PARTITION parts_eu",
    "CREATE INDEX more ON users (name)",
    "DROP INDEX orders_user",
    "ALTER TYPE mood ADD VALUE 'calm'",
    "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
    "CREATE TYPE more AS ENUM ()",
    "ALTER DOMAIN positive DROP CONSTRAINT positive_check",
    "ALTER DOMAIN positive SET DEFAULT 1",
    "ALTER TYPE pair ADD ATTRIBUTE c int",
    "ALTER SEQUENCE numbers INCREMENT 2",
    "ALTER SEQUENCE numbers OWNED BY users.id",
    "CREATE SEQUENCE more",
    "CREATE OR REPLACE VIEW names AS SELECT name FROM users WHERE age > 1",
    "DROP MATERIALIZED VIEW sums",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
    "CREATE PROCEDURE more() LANGUAGE sql AS 'SELECT 1'",
    "DROP AGGREGATE total(int)",
    "ALTER TABLE users DISABLE TRIGGER touched",
    "DROP TRIGGER touched ON users",
    "DROP RULE quiet ON orders",
    "ALTER POLICY own ON users USING (true)",
    "DROP STATISTICS related",
    "CREATE SCHEMA more",
    "ALTER PUBLICATION changes SET (publish = 'insert')",
    "DROP OPERATOR === (int, int)",
    "DROP COLLATION ours",
    "DROP CAST (pair AS text)",
    "DROP SERVER far",
    "GRANT INSERT ON users TO pg_monitor",
    "GRANT SELECT (name) ON users TO pg_read_all_stats",
    "REVOKE EXECUTE ON FUNCTION touch() FROM public",
    "ALTER TABLE users OWNER TO pg_database_owner",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor",
    "CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION watching()",
    "DROP EXTENSION plpgsql CASCADE",
]


def digest(target: DatabaseTarget) -> str:
    return database_for(target).schema_digest(timeout=30)


@pytest.fixture
def built(execute: Execute, target: DatabaseTarget) -> DatabaseTarget:
    """A database with something of each kind."""
    execute(SCHEMA)
    execute("CREATE FUNCTION watching() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$")
    return target


def test_every_kind_of_change_is_seen_and_a_roll_back_is_not(built: DatabaseTarget) -> None:
    before = digest(built)
    unseen = []

    with open_connection(built, application="test", timeout=5) as connection:
        for change in CHANGES:
            connection.query("BEGIN", timeout=5)
            connection.query(change, timeout=5)
            if digest_schema(connection, Deadline(10)) == before:
                unseen.append(change)
            connection.query("ROLLBACK", timeout=5)

    assert unseen == []
    assert digest(built) == before


def test_rows_comments_and_sequence_values_do_not_count(built: DatabaseTarget, execute: Execute) -> None:
    before = digest(built)

    execute("INSERT INTO users (name) VALUES ('a'); COMMENT ON TABLE users IS 'x'; SELECT nextval('numbers')")
    execute("ANALYZE; REFRESH MATERIALIZED VIEW sums; UPDATE users SET name = 'b'")

    assert digest(built) == before


def test_a_restored_dump_has_the_digest_of_its_original(
    built: DatabaseTarget, postgres_server: Server, tmp_path: Path
) -> None:
    copy = replace(built, name=f"{built.name}_copy")
    postgres_server.create_database(copy.name)
    try:
        _run(postgres_server, built.name, "pg_dump", "-Fc", "-f", str(tmp_path / "dump"))
        _run(postgres_server, copy.name, "pg_restore", "-d", copy.name, str(tmp_path / "dump"))

        assert digest(copy) == digest(built)
    finally:
        connection = postgres_server.connect()
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{copy.name}" WITH (FORCE)')
        connection.close()


@pytest.mark.fault(3)
def test_an_index_that_was_left_invalid_is_named(target: DatabaseTarget, execute: Execute) -> None:
    execute('CREATE TABLE "Doubles" AS SELECT 1 AS n FROM generate_series(1, 2)')
    before = digest(target)
    assert database_for(target).invalid_indexes() == ()

    with pytest.raises(psycopg2.errors.UniqueViolation):
        execute('CREATE UNIQUE INDEX CONCURRENTLY "Doubles_n" ON "Doubles" (n)')

    assert database_for(target).invalid_indexes() == ('public."Doubles_n"',)
    assert digest(target) != before


def test_a_server_that_is_not_there_gives_no_digest(target: DatabaseTarget) -> None:
    with pytest.raises(DatabaseUnavailable):
        digest(replace(target, port=1))


def _run(server: Server, database: str, program: str, *arguments: str) -> None:
    variables = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.admin}
    variables |= {"PGPASSWORD": server.password, "PGDATABASE": database}
    subprocess.run([server.bin / program, *arguments], env=os.environ | variables, check=True)
