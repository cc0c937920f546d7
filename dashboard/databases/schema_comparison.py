"""Compares the schema of a database with the schema that its revisions make, in Alembic's own operations.

The expected schema is read from a scratch database on which the revisions were executed. Tables, columns, indexes, unique
constraints and foreign keys are compared by Alembic's autogenerate; types, defaults and what it does not look at, by
their definitions: see the dialect's inventory. Nothing is written, no lock is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import sqlalchemy
from alembic.autogenerate import api
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, event

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.definition import Inventory
from dashboard.databases.definition_differences import compare_definitions
from dashboard.databases.difference import Difference
from dashboard.databases.operation_defaults import add_defaults
from dashboard.databases.operation_differences import describe
from dashboard.databases.postgresql import inventory as postgresql_inventory
from dashboard.databases.sqlite import inventory as sqlite_inventory

T = TypeVar("T")

FORMAT = f"1 {sqlalchemy.__version__}"
"""Differs where an expected schema that was stored may not be understood."""


@dataclass(frozen=True, slots=True)
class ExpectedSchema:
    """What a scratch database held after the revisions had been executed on it."""

    metadata: MetaData
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a database is compared."""

    version_table: str
    version_table_schema: str
    ignore: tuple[str, ...] = ()
    """Patterns of names, `audit_*` or `schema.name`, of tables and other objects that are not the revisions'."""

    def takes(self, schema: str, name: str) -> bool:
        """Whether a table, or an object that is of no table, is compared; an empty schema is the default one."""
        if (schema, name) in {(self.version_table_schema, self.version_table), ("", self.version_table)}:
            return False
        names = (name, f"{schema or 'public'}.{name}")
        return not any(fnmatchcase(given, pattern) for pattern in self.ignore for given in names)


def read_expected(target: DatabaseTarget, scope: Scope, *, timeout: float) -> ExpectedSchema:
    """Of a scratch database on which the revisions were executed. Raises DatabaseUnavailable."""

    def read(connection: Connection) -> ExpectedSchema:
        inventory = _read_inventory(connection)
        metadata = MetaData()
        context = MigrationContext.configure(connection)
        inspector = sqlalchemy.inspect(connection)
        event.listen(metadata, "column_reflect", context.impl._compat_autogen_column_reflect(inspector))
        for schema in inventory.schemas | {""}:
            metadata.reflect(
                connection,
                schema=schema or None,
                only=lambda name, _, schema=schema: (
                    (schema, name) not in inventory.not_ours and scope.takes(schema, name)
                ),
            )
        return ExpectedSchema(_without_listeners(metadata), inventory)

    return _reading(target, read, timeout=timeout)


def compare_schema(
    target: DatabaseTarget, expected: ExpectedSchema, scope: Scope, *, timeout: float
) -> tuple[Difference, ...]:
    """What would make the database as it should be, in Alembic's order. Raises DatabaseUnavailable.

    Only schemas are looked at in which the revisions make something, and the default one.
    """

    def compare(connection: Connection) -> tuple[Difference, ...]:
        found = _read_inventory(connection)
        operations = tuple(_compare_by_alembic(connection, expected, found, scope))
        return (*operations, *compare_definitions(expected.inventory, found, operations, takes=scope.takes))

    return _reading(target, compare, timeout=timeout)


def _compare_by_alembic(
    connection: Connection, expected: ExpectedSchema, found: Inventory, scope: Scope
) -> Iterable[Difference]:
    not_ours = expected.inventory.not_ours | found.not_ours
    schemas = expected.inventory.schemas | {""}
    known = {(table.schema or "", table.name) for table in expected.metadata.tables.values()}

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return (name or "") in schemas
        if kind != "table":
            return True
        schema = parents["schema_name"] or ""
        return (schema, name) not in not_ours and scope.takes(schema, name or "")

    def include_object(item: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
        if kind != "table":
            return True
        # What a foreign key into another schema brought along is no table of the revisions.
        schema = item.schema or ""
        return schema in schemas and scope.takes(schema, name or "") and (reflected or (schema, name) in known)

    options = {
        "include_schemas": True,
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": _types_differ(expected.inventory, found),
        # Alembic's own cannot cope with a generated column, and asks the server to compute both defaults.
        "compare_server_default": False,
        "target_metadata": expected.metadata,
        "version_table": scope.version_table,
        "version_table_schema": scope.version_table_schema or None,
    }
    context = MigrationContext.configure(connection, opts=options)
    script = api.produce_migrations(context, expected.metadata)
    assert script.upgrade_ops is not None, "there is one environment"
    add_defaults(script.upgrade_ops, expected.metadata, expected.inventory, found)
    return describe(context, script.upgrade_ops, expected.inventory, found)


def _types_differ(expected: Inventory, found: Inventory) -> Callable[..., bool]:
    """For Alembic's hook: both sides are a database's own words, which are equal where the types are."""

    def differs(_context: Any, _inspected: Any, column: Any, *_: Any) -> bool:
        key = (column.table.schema or "", column.table.name, column.name)
        sides = [side.columns[key].type for side in (expected, found) if key in side.columns]
        return len(set(sides)) > 1

    return differs


def _read_inventory(connection: Connection) -> Inventory:
    if connection.dialect.name == "sqlite":
        return sqlite_inventory.read_inventory(connection)
    return postgresql_inventory.read_inventory(connection)


def _reading(target: DatabaseTarget, work: Callable[[Connection], T], *, timeout: float) -> T:
    if target.dialect is Dialect.SQLITE:
        return sqlite_inventory.read(target, work, timeout=timeout)
    with postgresql_inventory.reading(target, timeout=timeout) as connection:
        return work(connection)


def _without_listeners(metadata: MetaData) -> MetaData:
    """The same tables, so that they can be stored."""
    plain = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(plain)
    return plain
