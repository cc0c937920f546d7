"""Reads which tables a revision's upgrade() touches, from its syntax tree, without running it."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping

from dashboard.revisions.touches import RevisionTouches, Touch, TouchKind, Unclear
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
)
from dashboard.sources.touched_by_sql import read_sql_touches

_NO_TABLE = {"autocommit_block", "f", "get_bind", "get_context", "inline_literal", "get_dialect", "dialect"}
_BUILDERS = {"sa", "sqlalchemy", "postgresql", "mysql", "sqlite", "sql", "text", "print", "inspect", "func"}
"""Names whose calls only build something; what is done with it is another call."""
_PLAIN_METHODS = {
    "add", "all", "append", "decode", "encode", "extend", "fetchall", "fetchone", "first", "format", "get", "items", "join",
    "keys", "lower", "one", "replace", "split", "strip", "update", "upper", "values",
}  # fmt: skip
"""Of texts, lists and dictionaries: they touch no table."""
_TABLE_MAKERS = {"table", "Table", "create_table"}
_ON_TABLE: Mapping[str, tuple[TouchKind, str, int, int | None, str]] = {
    "create_index": (TouchKind.INDEX, "adds an index", 1, 2, "columns"),
    "drop_index": (TouchKind.INDEX, "drops an index", 1, None, ""),
    "create_unique_constraint": (TouchKind.CONSTRAINT, "adds a unique constraint", 1, 2, "columns"),
    "create_primary_key": (TouchKind.CONSTRAINT, "sets the primary key", 1, 2, "columns"),
    "create_check_constraint": (TouchKind.CONSTRAINT, "adds a check constraint", 1, None, ""),
    "create_exclude_constraint": (TouchKind.CONSTRAINT, "adds an exclude constraint", 1, None, ""),
    "drop_constraint": (TouchKind.CONSTRAINT, "drops a constraint", 1, None, ""),
    "create_foreign_key": (TouchKind.CONSTRAINT, "adds a foreign key", 1, 3, "local_cols"),
}
"""Operation: kind, words, position of the table, position and keyword of the columns."""


def read_operations(revision: str, source: str) -> RevisionTouches:
    """Never raises. What cannot be understood is told with its line; nothing is guessed."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return RevisionTouches(revision, (), (Unclear(0, "the file cannot be parsed"),))
    functions = functions_of(module)
    function = functions.get("upgrade")
    if function is None:
        return RevisionTouches(revision, (), (Unclear(0, "the file has no function upgrade"),))
    reader = _Reader(functions, _table_names(module))
    reader.read(function.body, constants(module.body))
    return RevisionTouches(revision, tuple(dict.fromkeys(reader.touches)), tuple(dict.fromkeys(reader.unclear)))


def _is_plain_python(call: ast.Call, dotted: str) -> bool:
    """Whether the call itself touches no table, whatever its arguments do."""
    root, _, method = dotted.partition(".")
    if root in _BUILDERS or root in sys.stdlib_module_names or (not method and hasattr(builtins, root)):
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in _PLAIN_METHODS


def _table_names(module: ast.Module) -> dict[str, str]:
    """By variable: the table that `sa.table("x")`, `sa.Table("x")` or `op.create_table("x")` gives it."""
    found: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            maker = dotted_name(node.value.func).rpartition(".")[2]
            name = text_of(argument(node.value, 0, "name"), {})
            if maker in _TABLE_MAKERS and name is not None:
                found |= {target.id: name for target in node.targets if isinstance(target, ast.Name)}
    return found


class _Reader(StatementWalker):
    """Collects what is touched."""

    def __init__(self, functions: Mapping[str, Function], tables: Mapping[str, str]) -> None:
        super().__init__(functions)
        self.tables = tables
        self.touches: list[Touch] = []
        self.unclear: list[Unclear] = []

    def see_call(self, call: ast.Call, names: Mapping[str, str]) -> bool:
        """As StatementWalker.see_call."""
        dotted = dotted_name(call.func)
        owner, _, operation = dotted.rpartition(".")
        if dotted in self.functions:
            self.follow(dotted, names)
        elif operation in {"create_table", "drop_table", "rename_table", "create_table_comment"}:
            self._see_whole(call, operation, names)
        elif operation in {"add_column", "drop_column", "alter_column"}:
            self._see_column(call, owner, operation, names)
        elif operation in _ON_TABLE:
            self._see_beside(call, owner, operation, names)
        elif operation == "bulk_insert":
            self._see_rows(call, argument(call, 0, "table"), "inserts rows")
        elif operation in {"execute", "scalar", "scalars"}:
            self._see_statement(call, names)
        elif _is_plain_python(call, dotted) or dotted.split(".")[0] in self.tables:
            return False
        elif operation not in _NO_TABLE:
            self._not_understood(call)
        return True

    def _see_whole(self, call: ast.Call, operation: str, names: Mapping[str, str]) -> None:
        given = argument(call, 0, "old_table_name" if operation == "rename_table" else "table_name")
        kind, words = {
            "create_table": (TouchKind.CREATE, "creates it"),
            "drop_table": (TouchKind.DROP, "drops it"),
            "rename_table": (TouchKind.RENAME, "renames it"),
            "create_table_comment": (TouchKind.READ, "comments on it"),
        }[operation]
        self._touch(call, given, kind, words, names)
        if operation == "rename_table":
            self._touch(call, argument(call, 1, "new_table_name"), TouchKind.CREATE, "gets this name", names)

    def _see_column(self, call: ast.Call, owner: str, operation: str, names: Mapping[str, str]) -> None:
        in_batch = owner in self.batches
        given = argument(call, 0 if in_batch else 1, "column" if operation == "add_column" else "column_name")
        if isinstance(given, ast.Call):
            given = argument(given, 0, "name")
        column = text_of(given, names)
        renamed = text_of(argument(call, None, "new_column_name"), names)
        kind, verb = {
            "add_column": (TouchKind.ADD, "adds"),
            "drop_column": (TouchKind.REMOVE, "drops"),
            "alter_column": (TouchKind.ALTER, "alters"),
        }[operation]
        columns = frozenset(filter(None, (column, renamed)))
        words = f"{verb} column {column}" if column else f"{verb} a column"
        if renamed:
            words = f"renames column {column} to {renamed}"
        self._touch_on(call, owner, 0, kind, words, columns, names)

    def _see_beside(self, call: ast.Call, owner: str, operation: str, names: Mapping[str, str]) -> None:
        kind, words, table_at, columns_at, keyword = _ON_TABLE[operation]
        shift = 1 if owner in self.batches else 0
        columns: frozenset[str] = frozenset()
        if columns_at is not None:
            given = argument(call, columns_at - shift, keyword)
            elements = given.elts if isinstance(given, ast.List | ast.Tuple) else []
            texts = [text_of(element, names) for element in elements]
            columns = frozenset(text for text in texts if text) if all(texts) else frozenset()
        on = f" on {', '.join(sorted(columns))}" if columns else ""
        self._touch_on(call, owner, table_at, kind, f"{words}{on}", columns, names)
        if operation == "create_foreign_key":
            referent = argument(call, 2 - shift, "referent_table")
            self._touch(call, referent, TouchKind.READ, "is referred to", names, "referent_schema")

    def _see_statement(self, call: ast.Call, names: Mapping[str, str]) -> None:
        given = statement_of(call)
        sql = text_of(given, names)
        if sql is None:
            self._see_rows(call, given, "reads or writes rows")
            return
        reading = read_sql_touches(sql)
        self.touches += [Touch(table, kind, frozenset(), words, call.lineno) for table, kind, words in reading.touched]
        self.unclear += [Unclear(call.lineno, cut(statement)) for statement in reading.unclear]

    def _see_rows(self, call: ast.Call, given: ast.expr | None, words: str) -> None:
        """Of an expression such as `sa.update(orders)`: the tables that it mentions."""
        mentioned = {n.id for n in ast.walk(given) if isinstance(n, ast.Name)} if given is not None else set()
        tables = sorted({self.tables[name] for name in mentioned if name in self.tables})
        self.touches += [Touch(table, TouchKind.DATA, frozenset(), words, call.lineno) for table in tables]
        if not tables:
            self._not_understood(call)

    def _touch_on(
        self,
        call: ast.Call,
        owner: str,
        position: int,
        kind: TouchKind,
        words: str,
        columns: frozenset[str],
        names: Mapping[str, str],
    ) -> None:
        """In a batch operation the table is the batch's own."""
        if owner in self.batches:
            table, schema = self.batches[owner]
            self._add(call, text_of(table, names), schema, kind, words, columns)
            return
        schema = text_of(argument(call, None, "schema"), names) or ""
        named = text_of(argument(call, position, "source_table"), names) or text_of(
            argument(call, position, "table_name"), names
        )
        self._add(call, named, schema, kind, words, columns)

    def _touch(
        self,
        call: ast.Call,
        given: ast.expr | None,
        kind: TouchKind,
        words: str,
        names: Mapping[str, str],
        schema_keyword: str = "schema",
    ) -> None:
        schema = argument(call, None, schema_keyword)
        if schema is not None and not is_none(schema) and text_of(schema, names) is None:
            self._not_understood(call)
            return
        self._add(call, text_of(given, names), text_of(schema, names) or "", kind, words, frozenset())

    def _add(
        self, call: ast.Call, table: str | None, schema: str, kind: TouchKind, words: str, columns: frozenset[str]
    ) -> None:
        if table is None:
            self._not_understood(call)
            return
        named = f"{schema}.{table}" if schema and schema != "public" else table
        self.touches.append(Touch(named, kind, columns, words, call.lineno))

    def _not_understood(self, call: ast.Call) -> None:
        self.unclear.append(Unclear(call.lineno, shown(call)))
