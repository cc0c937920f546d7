"""Finds a version table through PostgreSQL's catalog, which shows also what a role may not read."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.databases.postgresql.connection import Connection, quote_identifier


@dataclass(frozen=True, slots=True)
class FoundTable:
    """One relation that bears the version table's name."""

    schema: str
    oid: int
    kind: str
    """pg_class.relkind"""
    schema_usable: bool
    readable: bool
    rows_hidden: bool
    """Row-level security applies to this role."""


@dataclass(frozen=True, slots=True)
class VersionTablePlace:
    """Where a version table is, or would be created."""

    table: str
    schema: str
    """Of the table, or where Alembic would create it; empty where no schema of the search path exists."""
    schema_exists: bool
    found: FoundTable | None
    elsewhere: tuple[str, ...]
    """Other schemas that hold a relation of this name, the first few; only where none was found."""
    server: str
    identity: str
    """Of the database, its schema and version table, however it is reached."""
    has_other_tables: bool

    @property
    def qualified(self) -> str:
        """The table's name for SQL."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.table)}"


_SERVER = """
SELECT current_setting('server_version'), d.oid::bigint, current_schemas(false)::text[],
       string_to_array(replace(current_setting('search_path'), '"', ''), ','),
       has_function_privilege('pg_control_system()', 'EXECUTE')
FROM pg_catalog.pg_database d WHERE d.datname = current_database()
"""

# Of the schemas that count alone, and found by an index before any table is: with a schema a tenant, each of hundreds of
# environments would otherwise look at the tables of all others.
_CANDIDATES = """
SELECT (SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = c.relnamespace),
       c.oid::bigint, c.relkind::text, has_schema_privilege(c.relnamespace, 'USAGE'),
       has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid)
FROM pg_catalog.pg_class c
WHERE c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND c.relnamespace = ANY(ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(%s::name[])))
"""

_ELSEWHERE = r"""
SELECT n.nspname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> %s
ORDER BY n.nspname LIMIT 10
"""

_SCHEMA_EXISTS = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s)"

# Tables of extensions (PostGIS's spatial_ref_sys, say) are nobody's application.
_OTHER_TABLES = """
SELECT EXISTS (
  SELECT 1 FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'p', 'f') AND c.oid <> %s
    AND c.relnamespace = ANY(ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(%s::name[])))
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x
                    WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e'))
"""


def find_version_table(
    connection: Connection, *, table: str, schema: str, fallback_system: str, timeout: float
) -> VersionTablePlace:
    """Where `table` is: in `schema`, or where it is empty along the search path, as Alembic's own queries go.

    `fallback_system` stands for the server in the identity where it does not tell its system identifier.
    Raises DatabaseUnavailable.
    """
    server, database, usable, search_path, may_ask = connection.query(_SERVER, timeout=timeout)[0]
    path = [schema] if schema else _search_order(usable, search_path)
    candidates = [FoundTable(*row) for row in connection.query(_CANDIDATES, (table, path), timeout=timeout)]
    found = next((c for name in path for c in candidates if c.schema == name), None)
    home = found.schema if found else schema or (usable[0] if usable else "")
    exists = connection.query(_SCHEMA_EXISTS, (home,), timeout=timeout)[0][0]
    others = connection.query(_OTHER_TABLES, (found.oid if found else 0, [*usable, home]), timeout=timeout)[0][0]
    elsewhere = [] if found else connection.query(_ELSEWHERE, (table, home), timeout=timeout)
    system = fallback_system
    if may_ask:
        rows = connection.query("SELECT system_identifier FROM pg_catalog.pg_control_system()", timeout=timeout)
        system = str(rows[0][0])
    return VersionTablePlace(
        table=table,
        schema=home,
        schema_exists=bool(exists),
        found=found,
        elsewhere=tuple(name for (name,) in elsewhere),
        server=f"PostgreSQL {server.split()[0]}",
        identity=f"{system}:{database}:{home}:{table}",
        has_other_tables=bool(others),
    )


def _search_order(usable: list[str], search_path: list[str]) -> list[str]:
    """Usable schemas first, as PostgreSQL searches; then those that this role may not use, to be able to say so."""
    named = [name.strip() for name in search_path]
    return usable + [name for name in named if name not in usable]
