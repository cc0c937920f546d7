"""Reads a PostgreSQL version table: read-only, waiting for no lock, never raising for the database's trouble."""

from __future__ import annotations

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.version_table import FoundTable, VersionTablePlace, find_version_table
from dashboard.revisions.status import Reason, VersionReading

APPLICATION = "alembic-dashboard observe"
MOST_ROWS = 1000
"""More rows than any history has heads: the table is something else's."""

_COLUMN = """
SELECT t.typcategory::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attname = 'version_num' AND NOT a.attisdropped
"""

_LOCKERS = """
SELECT a.pid, a.usename::text, a.application_name FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.relation = %s AND l.granted AND l.mode = 'AccessExclusiveLock' LIMIT 1
"""


def observe_version_table(
    target: DatabaseTarget, *, version_table: str, version_table_schema: str, timeout: float
) -> VersionReading:
    """What the version table says now. `timeout` is for the whole, in seconds."""
    deadline = Deadline(timeout)
    try:
        with (
            open_connection(target, application=APPLICATION, timeout=timeout) as connection,
            connection.reading(timeout=deadline.remaining()),
        ):
            place = find_version_table(
                connection,
                table=version_table,
                schema=version_table_schema,
                fallback_system=fallback_system(target),
                timeout=deadline.remaining(),
            )
            return _read_at(connection, place, version_table_schema, deadline)
    except DatabaseUnavailable as error:
        return VersionReading(rows=(), reason=error.reason, detail=error.detail, server="", identity="")


def fallback_system(target: DatabaseTarget) -> str:
    """Stands for a server that keeps its system identifier to itself: its address."""
    return f"{target.host}:{target.port or 5432}"


def _read_at(
    connection: Connection, place: VersionTablePlace, configured_schema: str, deadline: Deadline
) -> VersionReading:
    """The reading at a place that was found; whatever goes wrong from here on, server and identity are known."""
    rows: tuple[str, ...] = ()
    reason: Reason | None = None
    detail = ""
    try:
        if place.found is None:
            reason, detail = _explain_absence(place, configured_schema)
        else:
            _require_readable(place, place.found)
            rows = _rows(connection, place, place.found, deadline)
            if not rows:
                reason, detail = Reason.EMPTY_TABLE, f"{place.qualified} has no row."
    except DatabaseUnavailable as error:
        reason, detail = error.reason, error.detail
    return VersionReading(rows=rows, reason=reason, detail=detail, server=place.server, identity=place.identity)


def _explain_absence(place: VersionTablePlace, configured_schema: str) -> tuple[Reason, str]:
    table = place.table
    if place.elsewhere and not configured_schema:
        # Not "no table": starting from nothing beside a version table that was only not found would be wrong.
        return Reason.SCHEMA_NOT_EMPTY, (
            f"There is no {table} on the search path, but one in schema {_names(place.elsewhere)}: if it is this "
            f'project\'s, set version_table_schema = "{place.elsewhere[0]}" for the project.'
        )
    if not place.schema_exists:
        what = f"Schema {place.schema} does not exist" if place.schema else "No schema of the search path exists"
        return Reason.NO_TABLE, f"{what}, so there is no {table}.{_elsewhere(place)}"
    if place.has_other_tables:
        return Reason.SCHEMA_NOT_EMPTY, (
            f"There is no {table} in schema {place.schema}, but there are other tables: if they come from this "
            f"project's revisions, stamp the revision that they stand at.{_elsewhere(place)}"
        )
    return Reason.NO_TABLE, f"There is no {table} in schema {place.schema}.{_elsewhere(place)}"


def _elsewhere(place: VersionTablePlace) -> str:
    return f" (There is one in schema {_names(place.elsewhere)}.)" if place.elsewhere else ""


def _names(schemas: tuple[str, ...]) -> str:
    return ", ".join(schemas[:5]) + (" and others" if len(schemas) > 5 else "")


def _require_readable(place: VersionTablePlace, found: FoundTable) -> None:
    if not found.schema_usable:
        raise DatabaseUnavailable(
            Reason.PERMISSION,
            f"This role may not use schema {place.schema}. Grant it USAGE on the schema.",
        )
    if found.kind not in ("r", "p"):
        raise DatabaseUnavailable(
            Reason.NOT_A_VERSION_TABLE,
            f"{place.qualified} is a view or a foreign table. Set version_table to the name of Alembic's table.",
        )
    if not found.readable:
        raise DatabaseUnavailable(
            Reason.PERMISSION, f"This role may not read {place.qualified}. Grant it SELECT on the table."
        )
    if found.rows_hidden:
        raise DatabaseUnavailable(
            Reason.PERMISSION,
            f"Row-level security hides rows of {place.qualified} from this role. Disable it for this table or "
            "grant the role BYPASSRLS.",
        )


def _rows(connection: Connection, place: VersionTablePlace, found: FoundTable, deadline: Deadline) -> tuple[str, ...]:
    columns = connection.query(_COLUMN, (found.oid,), timeout=deadline.remaining())
    if not columns:
        raise _not_a_version_table(place, "has no column version_num")
    if columns[0][0] != "S":
        raise _not_a_version_table(place, "has a column version_num that holds no text")
    _take_read_lock(connection, place, found, deadline)
    rows = connection.query(
        f"SELECT version_num::text FROM {place.qualified} ORDER BY 1 LIMIT {MOST_ROWS + 1}",  # noqa: S608
        timeout=deadline.remaining(),
    )
    if len(rows) > MOST_ROWS:
        raise _not_a_version_table(place, f"has more than {MOST_ROWS} rows")
    if any(row[0] is None for row in rows):
        raise _not_a_version_table(place, "has a row without version_num")
    return tuple(row[0] for row in rows)


def _take_read_lock(connection: Connection, place: VersionTablePlace, found: FoundTable, deadline: Deadline) -> None:
    """Either at once or not: a reader that queues for a lock would hold up everybody behind it."""
    try:
        connection.query(f"LOCK TABLE {place.qualified} IN ACCESS SHARE MODE NOWAIT", timeout=deadline.remaining())
    except DatabaseUnavailable as error:
        if error.reason is not Reason.LOCKED:
            raise
        connection.query("ROLLBACK", timeout=deadline.remaining())
        holders = connection.query(_LOCKERS, (found.oid,), timeout=deadline.remaining())
        who = "by pid {}, user {}, {!r}".format(*holders[0]) if holders else "by another session"
        raise DatabaseUnavailable(
            Reason.LOCKED,
            f"{place.qualified} is locked {who}. Wait until that transaction has ended, then refresh.",
        ) from None


def _not_a_version_table(place: VersionTablePlace, what: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        Reason.NOT_A_VERSION_TABLE,
        f"{place.qualified} {what}: it is not Alembic's. Set version_table to the name of Alembic's table.",
    )
