"""Counts and hashes the rows of a PostgreSQL database, in whatever order they lie on the disk.

A row's text depends on settings of the session, so those are pinned: two servers, however they are configured, tell
the same of the same rows. Idea: `sum(hashtextextended(row::text, 0))`, which needs no sorting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard.databases.contents import Contents, Origin, TableContents
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.external_program import ProgramStopped
from dashboard.databases.postgresql.connection import Connection, quote_identifier
from dashboard.databases.postgresql.schema import digest_restorable_schema
from dashboard.revisions.status import Reason

PINNED = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "search_path": "",
    "row_security": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""What a row's text, or which rows are seen, would else depend on."""

AT_A_TIME = 500
BETWEEN_TRIES = 0.1

# What pg_dump takes the rows of: no partitioned table (its partitions have them), no foreign one, none of an extension.
_TABLES = """
SELECT n.nspname::text, c.relname::text,
  ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated IN ('', 's') ORDER BY a.attname COLLATE "C")
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
"""

# The catalog's columns for locales differ from version to version, hence jsonb.
_ORIGIN = """
SELECT current_setting('server_version_num')::int, pg_catalog.pg_database_size(d.oid),
  pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate::text, d.datctype::text,
  coalesce(j.row ->> 'datlocprovider', ''), coalesce(j.row ->> 'datlocale', j.row ->> 'daticulocale', ''),
  ARRAY(SELECT e.extname::text FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql' ORDER BY 1),
  ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r
        WHERE r.oid IN (SELECT unnest(p.polroles) FROM pg_catalog.pg_policy p)
           OR r.rolname IN (SELECT m.usename FROM pg_catalog.pg_user_mappings m) ORDER BY 1),
  EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'),
  EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger)
FROM pg_catalog.pg_database d, LATERAL (SELECT to_jsonb(d) AS row) j WHERE d.datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows a dump takes along."""

    schema: str
    name: str
    columns: tuple[str, ...]
    """Sorted, because a restored table may have another order."""

    @property
    def qualified(self) -> str:
        """Quoted."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"


def list_tables(connection: Connection, limit: Deadline) -> tuple[Table, ...]:
    """Sorted by their qualified names. Raises DatabaseUnavailable."""
    rows = connection.query(_TABLES, timeout=limit.remaining())
    tables = (Table(schema, name, tuple(columns)) for schema, name, columns in rows)
    return tuple(sorted(tables, key=lambda table: table.qualified))


def lock_tables(
    connection: Connection, tables: Sequence[Table], *, wait: float, limit: Deadline, stop: Callable[[], bool]
) -> None:
    """Keeps the tables from being rewritten until the transaction ends: their rows would be lost to its snapshot.

    Asks again and again without queueing, so that nobody waits behind us. Raises DatabaseUnavailable (locked) after
    `wait` seconds, and ProgramStopped.
    """
    waited = Deadline(wait)
    for first in range(0, len(tables), AT_A_TIME):
        names = ", ".join(f"ONLY {table.qualified}" for table in tables[first : first + AT_A_TIME])
        while not _try_lock(connection, names, limit, is_last=waited.passed()):
            if stop():
                raise ProgramStopped("it was stopped")
            time.sleep(BETWEEN_TRIES)
            if limit.passed():
                raise ProgramStopped("it took longer than the time that it had")


def _try_lock(connection: Connection, names: str, limit: Deadline, *, is_last: bool) -> bool:
    connection.query("SAVEPOINT before_lock", timeout=limit.remaining())
    try:
        connection.query(f"LOCK TABLE {names} IN ACCESS SHARE MODE NOWAIT", timeout=limit.remaining())
    except DatabaseUnavailable as error:
        if is_last or error.reason is not Reason.LOCKED:
            raise
        connection.query("ROLLBACK TO SAVEPOINT before_lock", timeout=limit.remaining())
        return False
    return True


def read_contents(
    connection: Connection, limit: Deadline, tables: Sequence[Table] | None = None, *, tick: Callable[[int], None]
) -> Contents:
    """Everything that a restored copy is compared by, within one transaction of one snapshot.

    `tick` gets the number of tables done. Sequences are not compared: they move outside of snapshots. Large objects are
    counted. Raises DatabaseUnavailable.
    """
    pin_settings(connection, limit)
    if tables is None:
        tables = list_tables(connection, limit)
    found = []
    for number, table in enumerate(tables):
        tick(number)
        found.append(_read_table(connection, table, limit))
    schema = digest_restorable_schema(connection, limit)
    large = connection.query("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", timeout=limit.remaining())
    tick(len(tables))
    return Contents(schema, tuple(found), int(large[0][0]), read_origin(connection, limit))


def pin_settings(connection: Connection, limit: Deadline) -> None:
    """For the rest of the transaction."""
    settings = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in PINNED.items())
    connection.query(settings, timeout=limit.remaining())


def read_origin(connection: Connection, limit: Deadline) -> Origin:
    """Raises DatabaseUnavailable."""
    row = connection.query(_ORIGIN, timeout=limit.remaining())[0]
    major, minor = divmod(row[0], 10_000)
    return Origin(
        server=f"PostgreSQL {major}.{minor}", major=major, size=row[1], encoding=row[2], collate=row[3], ctype=row[4],
        provider=row[5], locale=row[6], extensions=tuple(row[7]), roles=tuple(row[8]), has_public=row[9],
        has_event_triggers=row[10],
    )  # fmt: skip


def _read_table(connection: Connection, table: Table, limit: Deadline) -> TableContents:
    columns = ", ".join(map(quote_identifier, table.columns))
    sql = (
        f'SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text COLLATE "C", 0)), 0)::text'  # noqa: S608
        f" FROM ONLY {table.qualified}"
    )
    rows, digest = connection.query(sql, timeout=limit.remaining())[0]
    return TableContents(table.qualified, int(rows), digest)
