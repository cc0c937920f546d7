"""What would keep pg_dump from taking a PostgreSQL database: looked at before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import BackupUnavailable
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import open_connection, quote_identifier
from dashboard.databases.postgresql.programs import APPLICATION

NAMED = 5

# pg_dump reads the rows of tables and the state of sequences; it reads no rows of views and foreign tables. None of
# these functions takes a lock on a table.
_RIGHTS = """
SELECT n.nspname::text, c.relname::text, c.relkind::text,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
  c.relkind = 'r' AND row_security_active(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""

_SIZE = """
SELECT pg_catalog.pg_database_size(current_database())
  - coalesce(sum(c.relpages::bigint * current_setting('block_size')::int), 0)::bigint, current_user::text
FROM pg_catalog.pg_class c WHERE c.relkind = 'i'
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Of what pg_dump would read."""

    tables: int
    data_bytes: int


def require_rights(target: DatabaseTarget, *, timeout: float) -> Size:
    """That the role may read every row of every table. Raises BackupUnavailable, which names those that it may not."""
    try:
        with (
            open_connection(target, application=APPLICATION, timeout=timeout) as connection,
            connection.reading(timeout=timeout),
        ):
            limit = Deadline(timeout)
            relations = connection.query(_RIGHTS, timeout=limit.remaining())
            data_bytes, role = connection.query(_SIZE, timeout=limit.remaining())[0]
    except DatabaseUnavailable as error:
        raise BackupUnavailable(error.detail) from None
    _refuse_unreadable([_qualified(r) for r in relations if r[2] != "S" and not r[3]], role, "table")
    _refuse_unreadable([_qualified(r) for r in relations if r[2] == "S" and not r[3]], role, "sequence")
    hidden = [_qualified(r) for r in relations if r[4]]
    if hidden:
        raise BackupUnavailable(
            f"Row-level security hides rows of {_list_names(hidden)} from {role}: a backup would lack them. "
            f"ALTER ROLE {quote_identifier(role)} BYPASSRLS, or name a role that has it."
        )
    return Size(sum(r[2] == "r" for r in relations), max(0, int(data_bytes)))


def _refuse_unreadable(names: Sequence[str], role: str, what: str) -> None:
    if names:
        plural = "s" if len(names) > 1 else ""
        raise BackupUnavailable(
            f"{role} may not read the {what}{plural} {_list_names(names)}. "
            f"GRANT SELECT ON {'SEQUENCE ' if what == 'sequence' else ''}{_list_names(names)} TO "
            f"{quote_identifier(role)}, and USAGE on the schema."
        )


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _qualified(relation: Sequence[str]) -> str:
    return f"{quote_identifier(relation[0])}.{quote_identifier(relation[1])}"
