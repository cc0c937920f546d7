"""Adds to Alembic's operations what differs in the defaults of columns."""

from __future__ import annotations

from alembic.operations import ops
from sqlalchemy import MetaData, text
from sqlalchemy.schema import Column, DefaultClause

from dashboard.databases.definition import Inventory


def add_defaults(operations: ops.UpgradeOps, metadata: MetaData, expected: Inventory, found: Inventory) -> None:
    """Alters `operations`: one of a column that is altered anyway is extended, else there is a new one at the end."""
    altered = {
        (operation.schema or "", operation.table_name, operation.column_name): operation
        for around in operations.ops
        if isinstance(around, ops.ModifyTableOps)
        for operation in around.ops
        if isinstance(operation, ops.AlterColumnOp)
    }
    for table in metadata.sorted_tables:
        for column in table.columns:
            key = (table.schema or "", table.name, column.name)
            if key not in found.columns or found.columns[key].default == expected.columns[key].default:
                continue
            operation = altered.get(key)
            if operation is None:
                operation = ops.AlterColumnOp(
                    table.name,
                    column.name,
                    schema=table.schema,
                    existing_type=column.type,
                    existing_nullable=column.nullable,
                )
                operations.ops.append(ops.ModifyTableOps(table.name, [operation], schema=table.schema))
            operation.existing_server_default = _clause(found.columns[key].default)
            operation.modify_server_default = _expected_default(column, expected.columns[key].default)


def _expected_default(column: Column[object], words: str) -> DefaultClause | None:
    return column.server_default if isinstance(column.server_default, DefaultClause) else _clause(words)


def _clause(words: str) -> DefaultClause | None:
    return DefaultClause(text(words.replace(":", "\\:"))) if words else None
