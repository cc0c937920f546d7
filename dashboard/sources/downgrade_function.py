"""Reads what a revision's downgrade() or upgrade() would take away, from its syntax tree, without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from dashboard.revisions.losses import DowngradeKind, DowngradeReading, Loss, Note
from dashboard.sources.dropped_by_sql import read_drops
from dashboard.sources.statement_walker import (
    Function,
    StatementWalker,
    argument,
    constants,
    cut,
    dotted_name,
    functions_of,
    is_none,
    shown,
    statement_of,
    text_of,
    working,
)

_HARMLESS = {
    "add_column", "alter_column", "autocommit_block", "batch_alter_table", "bulk_insert", "create_check_constraint",
    "create_exclude_constraint", "create_foreign_key", "create_index", "create_primary_key", "create_table",
    "create_table_comment", "create_unique_constraint", "drop_constraint", "drop_index", "drop_table_comment", "f",
    "get_bind", "get_context", "rename_table", "inline_literal",
}  # fmt: skip
"""Operations of Alembic that take no row away."""
_BUILDERS = {"sa", "sqlalchemy", "postgresql", "mysql", "sqlite", "sql", "inspect", "print", "text"}
"""Names whose calls only build something; what is done with it is another call."""
_ENUMS = {"Enum", "ENUM"}


def read_downgrade(revision: str, source: str) -> DowngradeReading:
    """`source` must parse. What cannot be understood becomes a note; nothing is guessed."""
    module = ast.parse(source)
    functions = functions_of(module)
    upgrade_is_empty = "upgrade" in functions and not working(functions["upgrade"].body)
    function = functions.get("downgrade")
    if function is None:
        return _read_without_function(module, upgrade_is_empty)
    statements = working(function.body)
    if not statements:
        return DowngradeReading(DowngradeKind.EMPTY, function.lineno, upgrade_is_empty=upgrade_is_empty)
    if isinstance(statements[0], ast.Raise):
        return DowngradeReading(DowngradeKind.RAISES, statements[0].lineno, upgrade_is_empty=upgrade_is_empty)
    reader = _Reader(revision, functions)
    reader.read(statements, constants(module.body))
    return DowngradeReading(
        DowngradeKind.FOUND, function.lineno, tuple(reader.losses), tuple(reader.notes), upgrade_is_empty
    )


def read_losses(revision: str, source: str, function: str) -> tuple[Loss, ...]:
    """What `function` ("upgrade" or "downgrade") drops, as far as its text tells; each place once. `source` must parse."""
    module = ast.parse(source)
    functions = functions_of(module)
    if function not in functions:
        return ()
    reader = _Reader(revision, functions)
    reader.read(working(functions[function].body), constants(module.body))
    return tuple({loss.place: loss for loss in reader.losses}.values())


def _read_without_function(module: ast.Module, upgrade_is_empty: bool) -> DowngradeReading:
    """It may still be there under another name: imported, or assigned."""
    for node in module.body:
        names = _bound_names(node)
        if "downgrade" in names or "*" in names:
            note = Note(node.lineno, f"not understood: {shown(node)}")
            return DowngradeReading(DowngradeKind.FOUND, node.lineno, (), (note,), upgrade_is_empty)
    return DowngradeReading(DowngradeKind.MISSING, None, upgrade_is_empty=upgrade_is_empty)


def _bound_names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


class _Reader(StatementWalker):
    """Collects what is dropped."""

    def __init__(self, revision: str, functions: Mapping[str, Function]) -> None:
        super().__init__(functions)
        self.revision = revision
        self.losses: list[Loss] = []
        self.notes: list[Note] = []

    def see_call(self, call: ast.Call, names: Mapping[str, str]) -> bool:
        """As StatementWalker.see_call."""
        dotted = dotted_name(call.func)
        owner, _, operation = dotted.rpartition(".")
        if dotted in self.functions:
            self.follow(dotted, names)
        elif operation == "drop_table":
            self._drop(call, argument(call, 0, "table_name"), None, names)
        elif operation == "drop_column" and owner in self.batches:
            table, schema = self.batches[owner]
            self._drop(call, table, argument(call, 0, "column_name"), names, schema)
        elif operation == "drop_column":
            self._drop(call, argument(call, 0, "table_name"), argument(call, 1, "column_name"), names)
        elif operation == "execute":
            self._read_sql(call, names)
        elif operation == "alter_column" and any(keyword.arg == "type_" for keyword in call.keywords):
            self._note(call, "the type of a column changes back, which may cut values: ")
        elif _is_builder(call, dotted):
            return False
        elif operation not in _HARMLESS:
            self._note(call)
        return True

    def _drop(
        self,
        call: ast.Call,
        table: ast.expr | None,
        column: ast.expr | None,
        names: Mapping[str, str],
        schema: str = "",
    ) -> None:
        named = text_of(table, names)
        column_named = text_of(column, names) if column is not None else ""
        given = argument(call, None, "schema")
        schema_named = text_of(given, names) if given is not None and not is_none(given) else schema
        if named is None or column_named is None or schema_named is None:
            self._note(call)
            return
        self.losses.append(Loss(self.revision, call.lineno, schema_named, named, column_named))

    def _read_sql(self, call: ast.Call, names: Mapping[str, str]) -> None:
        sql = text_of(statement_of(call), names)
        if sql is None:
            self._note(call)
            return
        reading = read_drops(sql)
        self.losses += [Loss(self.revision, call.lineno, *place) for place in reading.dropped]
        for statement in reading.unclear:
            self.notes.append(Note(call.lineno, f"not understood: {cut(statement)}"))

    def _note(self, node: ast.AST, what: str = "not understood: ") -> None:
        self.notes.append(Note(getattr(node, "lineno", 0), f"{what}{shown(node)}"))


def _is_builder(call: ast.Call, dotted: str) -> bool:
    """`sa.select(...)` builds; `sa.Enum(...).drop(bind)` drops a type, which holds no rows."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        return dotted_name(call.func.value.func).rpartition(".")[2] in _ENUMS
    return dotted.split(".")[0] in _BUILDERS or dotted.rpartition(".")[2] in _ENUMS
