"""A dump is restored into a scratch database, compared with its own snapshot, and nothing of it stays."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup import BackupFile, BackupRejected
from dashboard.databases.contents import Contents, contents_from_json, list_differences
from dashboard.databases.scratch import (
    ScratchPlace,
    ScratchUnavailable,
    check_place,
    list_unmarked,
    make_marker,
    read_copy,
    restore_into,
    scratch_database,
    sweep,
)
from tests import postgresql
from tests.databases.conftest import target_of
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]
Take = Callable[..., BackupFile]
OURS, OTHERS = "0123456789abcdef", "fedcba9876543210"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

EVERYTHING = """
CREATE TYPE mood AS ENUM ('calm', 'glad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SCHEMA "Odd ""Name";
CREATE TABLE people (id serial PRIMARY KEY, "First Name" text COLLATE "C" NOT NULL, mood mood DEFAULT 'calm',
  born timestamptz, waits interval, price money, ratio double precision, picture bytea, tags text[], extra jsonb,
  number positive, doubled integer GENERATED ALWAYS AS (number * 2) STORED, dropped text);
ALTER TABLE people DROP COLUMN dropped;
INSERT INTO people ("First Name", born, waits, price, ratio, picture, tags, extra, number)
SELECT 'p' || n, '2026-03-29 01:30+01'::timestamptz + n * interval '1 hour', n * interval '1 day 2 hours', n::money,
  n / 7.0, decode(md5(n::text), 'hex'), ARRAY['a,b', NULL], '{"n": 1.10}', n FROM generate_series(1, 500) n;
CREATE TABLE "Odd ""Name"."100% odd" (at date, PRIMARY KEY (at)) PARTITION BY RANGE (at);
CREATE TABLE "Odd ""Name".early PARTITION OF "Odd ""Name"."100% odd" FOR VALUES FROM ('2020-01-01') TO ('2026-01-01');
INSERT INTO "Odd ""Name"."100% odd" SELECT '2020-01-01'::date + n FROM generate_series(0, 99) n;
CREATE TABLE empty ();
CREATE VIEW grown AS SELECT * FROM people WHERE number > 18;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM people;
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';
CREATE INDEX people_twice ON people (twice(number)) WHERE number > 3;
CREATE STATISTICS together ON number, ratio FROM people;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON people USING (true);
GRANT SELECT ON people TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE PUBLICATION all_of_it FOR TABLE people;
CREATE TABLE alembic_version AS SELECT 'a1' AS version_num;
SELECT lo_from_bytea(0, 'large');
"""


def place_on(server: Server, **changes: Any) -> ScratchPlace:
    return ScratchPlace(server=target_of(server, "postgres", **changes))


def scratches(server: Server) -> list[str]:
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'dashboard\\_scratch\\_%'")
        names = [row[0] for row in cursor.fetchall()]
    connection.close()
    return names


def contents_of(backup: BackupFile) -> Contents:
    assert backup.contents is not None, backup.contents_error
    return backup.contents


@pytest.fixture
def restored(postgres_server: Server, take: Take) -> Callable[..., Any]:
    """A context manager: the backup taken, restored into a scratch database of proof 7."""

    @contextmanager
    def restore(backup: BackupFile, **changes: Any) -> Iterator[DatabaseTarget]:
        place = place_on(postgres_server, **changes)
        check_place(place, contents_of(backup).origin)
        marker = make_marker(OURS, "proof:7", NOW)
        with scratch_database(place, contents_of(backup).origin, marker) as target:
            restore_into(target, backup.path, tools=str(postgres_server.bin), deadline=60)
            yield target

    return restore


def test_a_restore_tells_the_copy_s_bytes_before_and_after_and_meanwhile(
    execute: Execute, take: Take, postgres_server: Server
) -> None:
    execute("CREATE TABLE large AS SELECT n AS id, repeat(md5(n::text), 8) AS word FROM generate_series(1, 400000) n")
    execute("CREATE INDEX ON large (word)")
    backup, told = take(), list[int]()
    place = place_on(postgres_server)
    with scratch_database(place, contents_of(backup).origin, make_marker(OURS, "proof:7", NOW)) as target:
        restore_into(target, backup.path, tools=str(postgres_server.bin), deadline=60, progress=told.append)

    assert len(told) >= 3 and told == sorted(told)
    assert told[1] > told[0]
    assert told[-1] - told[0] > 100_000_000 * 0.9
    assert told[-1] == pytest.approx(contents_of(backup).origin.size, rel=0.05)


def test_a_restored_copy_equals_the_snapshot(
    execute: Execute, take: Take, restored: Callable[..., Any], postgres_server: Server
) -> None:
    execute(EVERYTHING)
    backup = take()

    with restored(backup) as copy:
        found = read_copy(copy, deadline=30)
        names = scratches(postgres_server)

    stored = contents_from_json(contents_of(backup).as_json())
    assert stored == contents_of(backup)
    assert list_differences(stored, found) == ()
    assert {t.name: t.rows for t in stored.tables} == {
        '"public"."people"': 500, '"Odd ""Name"."early"': 100, '"public"."empty"': 0, '"public"."alembic_version"': 1,
    }  # fmt: skip
    assert stored.large_objects == 1
    assert names == [copy.name] and copy.name.startswith("dashboard_scratch_01234567_proof_7_")
    assert scratches(postgres_server) == []


@pytest.mark.fault(80)
def test_settings_of_the_scratch_server_change_no_hash(
    execute: Execute, take: Take, restored: Callable[..., Any], target: DatabaseTarget, postgres_server: Server
) -> None:
    execute(EVERYTHING)
    execute(
        f"ALTER DATABASE \"{target.name}\" SET timezone = 'Asia/Kathmandu';"
        f"ALTER DATABASE \"{target.name}\" SET datestyle = 'SQL, DMY';"
        f"ALTER DATABASE \"{target.name}\" SET intervalstyle = 'sql_standard';"
        f'ALTER DATABASE "{target.name}" SET extra_float_digits = -10;'
        f'ALTER DATABASE "{target.name}" SET bytea_output = escape;'
        f'ALTER DATABASE "{target.name}" SET search_path = \'Odd "Name\''
    )
    backup = take()

    with restored(backup) as copy:
        connection = postgres_server.connect()
        connection.cursor().execute(f"ALTER DATABASE \"{copy.name}\" SET timezone = 'America/St_Johns'")
        connection.close()
        found = read_copy(copy, deadline=30)

    assert list_differences(contents_of(backup), found) == ()


@pytest.mark.fault(45)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE people SET ratio = ratio + 1e-9 WHERE id = 7", '"public"."people": different in its rows'),
        ("DELETE FROM people WHERE id = 7", '"public"."people" holds 499 rows, not 500.'),
        ("DROP TABLE empty", '"public"."empty": missing.'),
        ("CREATE TABLE more ()", '"public"."more": there and was not in the snapshot.'),
        ("DROP INDEX people_twice", "The schema differs in: indexes."),
        ("ALTER TABLE people ALTER mood DROP DEFAULT", "The schema differs in: columns."),
        ("SELECT lo_from_bytea(0, 'x')", "There are 2 large objects, not 1."),
    ],
)
def test_a_copy_that_differs_is_told_with_the_table(
    execute: Execute, take: Take, restored: Callable[..., Any], postgres_server: Server, change: str, words: str
) -> None:
    execute(EVERYTHING)
    backup = take()

    with restored(backup) as copy:
        connection = postgres_server.connect(copy.name)
        connection.cursor().execute(change)
        connection.close()
        found = read_copy(copy, deadline=30)

    assert any(sentence.startswith(words) for sentence in list_differences(contents_of(backup), found))


@pytest.mark.usefixtures("filled")
def test_rows_committed_during_the_dump_are_neither_in_it_nor_missed(
    execute: Execute, take: Take, restored: Callable[..., Any]
) -> None:
    written: list[object] = []

    def write(progress: object) -> None:
        if not written:
            execute("INSERT INTO big VALUES (0, 'late'); UPDATE alembic_version SET version_num = 'b2'")
            written.append(progress)

    backup = take(progress=write)

    with restored(backup) as copy:
        found = read_copy(copy, deadline=30)
    assert written and list_differences(contents_of(backup), found) == ()


def test_a_database_without_the_schema_public_restores(
    execute: Execute, take: Take, restored: Callable[..., Any]
) -> None:
    execute("DROP SCHEMA public; CREATE SCHEMA app; CREATE TABLE app.t AS SELECT 1 AS n")
    backup = take()

    with restored(backup) as copy:
        found = read_copy(copy, deadline=30)

    assert list_differences(contents_of(backup), found) == ()


@pytest.mark.fault(34)
@pytest.mark.usefixtures("filled")
def test_a_damaged_dump_does_not_restore_and_leaves_nothing(
    take: Take, restored: Callable[..., Any], postgres_server: Server
) -> None:
    backup = take()
    largest = max(backup.path.glob("*.dat.gz"), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.truncate(largest.stat().st_size // 2)

    with pytest.raises(BackupRejected, match="does not restore"), restored(backup):
        pass

    assert scratches(postgres_server) == []


@pytest.fixture
def simple_role(postgres_server: Server, role: str) -> Iterator[str]:
    """`plain`, which may create databases."""
    connection = postgres_server.connect()
    connection.cursor().execute(f"ALTER ROLE {role} CREATEDB")
    yield role
    connection.cursor().execute(f"ALTER ROLE {role} NOCREATEDB")
    connection.close()


@pytest.mark.usefixtures("filled")
def test_a_role_that_may_only_create_databases_suffices(
    take: Take, restored: Callable[..., Any], simple_role: str, postgres_server: Server
) -> None:
    backup = take()

    with restored(backup, user=simple_role, password="plain-secret") as copy:
        found = read_copy(copy, deadline=30)

    assert list_differences(contents_of(backup), found) == ()
    assert scratches(postgres_server) == []


@pytest.mark.fault(81)
@pytest.mark.usefixtures("filled")
def test_what_the_scratch_server_lacks_is_told_before_the_restore(
    take: Take, execute: Execute, postgres_server: Server, role: str
) -> None:
    origin = contents_of(take()).origin
    place = place_on(postgres_server)

    with pytest.raises(ScratchUnavailable, match=r'plain may not create databases.*ALTER ROLE "plain" CREATEDB'):
        check_place(place_on(postgres_server, user=role, password="plain-secret"), origin)
    with pytest.raises(ScratchUnavailable, match=r"lacks extensions that the database uses: postgis, timescaledb\."):
        check_place(place, replace(origin, extensions=("timescaledb", "postgis")))
    with pytest.raises(ScratchUnavailable, match=r"name roles that the scratch server lacks: auditor\."):
        check_place(place, replace(origin, roles=("auditor", postgres_server.admin)))
    with pytest.raises(ScratchUnavailable, match=r"is PostgreSQL \d+\.\d+, the database PostgreSQL 9\.6"):
        check_place(place, replace(origin, major=9, server="PostgreSQL 9.6"))
    with pytest.raises(ScratchUnavailable, match=r"needs .* MB, and 1\.0 MB of scratch.space are left"):
        check_place(replace(place, space=1_000_000), origin)
    with pytest.raises(ScratchUnavailable, match=r"cannot be reached.*Check host and port"):
        check_place(place_on(postgres_server, port=1), origin)
    with pytest.raises(ScratchUnavailable, match="No scratch database can be made"), scratch_database(
        place, replace(origin, collate="xx_YY.utf8"), make_marker(OURS, "proof:7", NOW)
    ):  # fmt: skip
        pass
    assert scratches(postgres_server) == []


@pytest.mark.fault(81)
@pytest.mark.usefixtures("filled")
def test_a_scratch_server_on_a_small_disk_is_told_before_the_restore(
    take: Take, postgres_server: Server, execute: Execute
) -> None:
    execute("CREATE TABLE bulky AS SELECT repeat(md5(n::text), 50) FROM generate_series(1, 20000) n")
    origin = contents_of(take()).origin
    folder = postgresql.make_directory()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m,mode=755", "none", folder], capture_output=True, check=False
    ).returncode
    small = postgresql.start(folder, postgres_server.bin)
    try:
        needed = origin if mounted else replace(origin, size=1 << 60)
        with pytest.raises(ScratchUnavailable, match=r"free on the scratch server's disk .*Make room"):
            check_place(place_on(small), needed)
    finally:
        postgresql.stop(folder, postgres_server.bin)
        if mounted:
            subprocess.run(["umount", folder], check=True)


@pytest.mark.fault(46)
def test_sweeping_drops_what_a_crash_left_and_nothing_else(postgres_server: Server, tmp_path: Path) -> None:
    marks = {
        "dashboard_scratch_dead": make_marker(OURS, "proof:1", NOW),
        "dashboard_scratch_alive": make_marker(OURS, "proof:2", NOW),
        "dashboard_scratch_theirs": make_marker(OTHERS, "proof:1", NOW),
        "dashboard_scratch_unmarked": "",
        "dashboard_scratch_talkative": f"Not {make_marker(OURS, 'proof:1', NOW)}",
        "dashboardXscratchXnamesake": make_marker(OURS, "proof:1", NOW),
    }
    connection = postgres_server.connect()
    cursor = connection.cursor()
    for name, comment in marks.items():
        cursor.execute(f'CREATE DATABASE "{name}"')
        cursor.execute(f'COMMENT ON DATABASE "{name}" IS %s', (str(comment) or None,))
    in_it = postgres_server.connect("dashboard_scratch_dead")
    place = place_on(postgres_server)

    try:
        dropped = sweep(place, installation=OURS, is_alive=lambda owner: owner == "proof:2")
        unmarked = list_unmarked(place)
        cursor.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", (list(marks),))
        left = {row[0] for row in cursor.fetchall()}
    finally:
        in_it.close()
        for name in marks:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.close()

    assert dropped == ("dashboard_scratch_dead",)
    assert left == marks.keys() - {"dashboard_scratch_dead"}
    assert unmarked == ("dashboard_scratch_talkative", "dashboard_scratch_unmarked")
