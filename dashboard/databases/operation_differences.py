"""Alembic's operations as differences, each with the Python that repairs and the Python that adopts it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from dashboard.databases.definition import Inventory
from dashboard.databases.difference import Change, Difference


def describe(
    context: MigrationContext, operations: ops.UpgradeOps, expected: Inventory, found: Inventory
) -> Iterator[Difference]:
    """One for each operation that would make the database as expected; a changed index or constraint is one, not two."""
    render = _renderer(context)
    merged: dict[tuple[str, str, str, str], Difference] = {}
    for table, operation in _flat(operations):
        difference = _describe(operation, table, render, expected, found)
        kind = difference.operation.partition("_")[2]
        key = (kind, difference.schema, difference.table, difference.name)
        merged[key] = _merge(merged[key], difference) if difference.name and key in merged else difference
    yield from merged.values()


def _flat(operations: Any) -> Iterator[tuple[Any, Any]]:
    """(the ModifyTableOps around it, or None; the operation)."""
    for operation in operations.ops:
        if isinstance(operation, ops.ModifyTableOps):
            for inner in operation.ops:
                yield operation, inner
        else:
            yield None, operation


def _renderer(context: MigrationContext) -> Any:
    is_sqlite = context.dialect.name == "sqlite"
    rendering = AutogenContext(
        context,
        opts={
            "sqlalchemy_module_prefix": "sa.",
            "alembic_module_prefix": "op.",
            "user_module_prefix": None,
            "render_item": None,
            "render_as_batch": is_sqlite,
        },
    )

    def render(operation: Any, table: Any) -> str:
        # SQLite alters a table by making it anew, for which Alembic needs to know where the operations of one begin.
        around = (
            ops.ModifyTableOps(table.table_name, [operation], schema=table.schema) if is_sqlite and table else operation
        )
        with warnings.catch_warnings():
            # A constraint without a name: the text says so itself.
            warnings.simplefilter("ignore")
            return _laid_out("\n".join(render_op(rendering, around)))

    return render


def _laid_out(text: str) -> str:
    """Alembic leaves it to its template to indent what is inside a call or a `with`."""
    first, *rest = text.strip().splitlines()
    if not first.endswith((":", ",")):
        return text.strip()
    return "\n".join([first, *(line if line == ")" else f"    {line}" for line in rest)])


def _describe(operation: Any, table: Any, render: Any, expected: Inventory, found: Inventory) -> Difference:
    words = re.sub(r"Op$", "", type(operation).__name__)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
    schema = getattr(operation, "schema", "") or getattr(operation, "source_schema", "") or ""
    table_name = getattr(operation, "table_name", "") or getattr(operation, "source_table", "")
    name = _name(operation)
    changes = tuple(_changes(operation, expected, found)) if isinstance(operation, ops.AlterColumnOp) else ()
    return Difference(
        kind, schema, str(table_name or ""), name, changes,
        repair=render(operation, table), adopt=render(operation.reverse(), table),
    )  # fmt: skip


def _name(operation: Any) -> str:
    if isinstance(operation, ops.AddColumnOp):
        return str(operation.column.name)
    for attribute in ("column_name", "index_name", "constraint_name"):
        if name := getattr(operation, attribute, None):
            return str(name)
    return ""


def _changes(operation: ops.AlterColumnOp, expected: Inventory, found: Inventory) -> Iterator[Change]:
    key = (operation.schema or "", operation.table_name, operation.column_name)
    is_now, should_be = found.columns[key], expected.columns[key]
    if operation.modify_type is not None:
        yield Change("type", is_now.type, should_be.type)
    if operation.modify_nullable is not None:
        yield Change("nullable", str(operation.existing_nullable), str(operation.modify_nullable))
    if operation.modify_server_default is not False:
        yield Change("default", is_now.default, should_be.default)
    if operation.modify_comment is not False:
        yield Change("comment", str(operation.existing_comment or ""), str(operation.modify_comment or ""))


def _merge(first: Difference, second: Difference) -> Difference:
    """Removed and made anew: both have it, and it is another one."""
    kind = first.operation.partition("_")[2]
    return Difference(
        f"alter_{kind}", first.schema, first.table, first.name,
        repair=f"{first.repair}\n{second.repair}", adopt=f"{second.adopt}\n{first.adopt}",
    )  # fmt: skip
