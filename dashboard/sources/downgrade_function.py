"""Reads what a revision's downgrade() would take away, from its syntax tree, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.revisions.losses import DowngradeKind, DowngradeReading, Loss, Note
from dashboard.sources.dropped_by_sql import read_drops

_SHOWN = 100
"""Characters of a statement that a note repeats."""
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
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    upgrade_is_empty = "upgrade" in functions and not _working(functions["upgrade"].body)
    function = functions.get("downgrade")
    if function is None:
        return _read_without_function(module, upgrade_is_empty)
    statements = _working(function.body)
    if not statements:
        return DowngradeReading(DowngradeKind.EMPTY, function.lineno, upgrade_is_empty=upgrade_is_empty)
    if isinstance(statements[0], ast.Raise):
        return DowngradeReading(DowngradeKind.RAISES, statements[0].lineno, upgrade_is_empty=upgrade_is_empty)
    reader = _Reader(revision, functions)
    reader.read(statements, _constants(module.body))
    return DowngradeReading(
        DowngradeKind.FOUND, function.lineno, tuple(reader.losses), tuple(reader.notes), upgrade_is_empty
    )


def _read_without_function(module: ast.Module, upgrade_is_empty: bool) -> DowngradeReading:
    """It may still be there under another name: imported, or assigned."""
    for node in module.body:
        names = _bound_names(node)
        if "downgrade" in names or "*" in names:
            note = Note(node.lineno, f"not understood: {_shown(node)}")
            return DowngradeReading(DowngradeKind.FOUND, node.lineno, (), (note,), upgrade_is_empty)
    return DowngradeReading(DowngradeKind.MISSING, None, upgrade_is_empty=upgrade_is_empty)


def _bound_names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _working(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Without what does nothing: docstrings, pass, `...`, a bare return, imports."""

    def is_idle(node: ast.stmt) -> bool:
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Return):
            return node.value is None or isinstance(node.value, ast.Constant)
        return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)

    return [node for node in body if not is_idle(node)]


def _constants(body: Sequence[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found |= dict.fromkeys(_target_names(node), value.value)
    return found


def _target_names(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


@dataclass
class _Reader:
    """Walks statements; `names` are the texts that names stand for, batch operations are bound by name."""

    revision: str
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]
    losses: list[Loss] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    _batches: dict[str, tuple[ast.expr | None, str]] = field(default_factory=dict)
    _inside: set[str] = field(default_factory=set)

    def read(self, statements: Sequence[ast.stmt], names: Mapping[str, str]) -> None:
        """Every branch of a condition counts: which one runs is not known."""
        for node in statements:
            match node:
                case ast.If() | ast.While():
                    self.read([*node.body, *node.orelse], names)
                case ast.Try():
                    handlers = [statement for handler in node.handlers for statement in handler.body]
                    self.read([*node.body, *handlers, *node.orelse, *node.finalbody], names)
                case ast.For():
                    self._read_loop(node, names)
                case ast.With():
                    self._read_with(node, names)
                case ast.Assign() | ast.AnnAssign():
                    names = {**names, **_constants([node])}
                    self._read_calls(node, names)
                case ast.Raise() | ast.FunctionDef() | ast.Pass():
                    pass
                case _:
                    self._read_calls(node, names)

    def _read_loop(self, node: ast.For, names: Mapping[str, str]) -> None:
        values = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
        texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
        if isinstance(node.target, ast.Name) and values and len(texts) == len(values):
            for text in texts:
                self.read(node.body, {**names, node.target.id: text})
            return
        self.read(node.body, names)

    def _read_with(self, node: ast.With, names: Mapping[str, str]) -> None:
        for item in node.items:
            call = item.context_expr
            is_batch = isinstance(call, ast.Call) and _dotted(call.func).endswith("batch_alter_table")
            if is_batch and isinstance(call, ast.Call) and isinstance(item.optional_vars, ast.Name):
                schema = _text(_argument(call, None, "schema"), names) or ""
                self._batches[item.optional_vars.id] = (_argument(call, 0, "table_name"), schema)
            elif isinstance(call, ast.Call):
                self._read_call(call, names)
        self.read(node.body, names)

    def _read_calls(self, node: ast.stmt, names: Mapping[str, str]) -> None:
        """Of calls within calls the outermost decides, except where it only builds something."""
        todo: list[ast.AST] = [node]
        while todo:
            current = todo.pop(0)
            if isinstance(current, ast.Call) and self._read_call(current, names):
                continue
            todo = [*ast.iter_child_nodes(current), *todo]

    def _read_call(self, call: ast.Call, names: Mapping[str, str]) -> bool:
        """True where nothing inside of the call needs to be looked at any more."""
        dotted = _dotted(call.func)
        owner, _, operation = dotted.rpartition(".")
        if dotted in self.functions:
            self._follow(dotted, names)
        elif operation == "drop_table":
            self._drop(call, _argument(call, 0, "table_name"), None, names)
        elif operation == "drop_column" and owner in self._batches:
            table, schema = self._batches[owner]
            self._drop(call, table, _argument(call, 0, "column_name"), names, schema)
        elif operation == "drop_column":
            self._drop(call, _argument(call, 0, "table_name"), _argument(call, 1, "column_name"), names)
        elif operation == "execute":
            self._read_sql(call, names)
        elif operation == "alter_column" and any(keyword.arg == "type_" for keyword in call.keywords):
            self._note(call, "the type of a column changes back, which may cut values: ")
        elif _is_builder(call, dotted):
            return False
        elif operation not in _HARMLESS:
            self._note(call)
        return True

    def _follow(self, name: str, names: Mapping[str, str]) -> None:
        if name not in self._inside:
            self._inside.add(name)
            self.read(self.functions[name].body, names)
            self._inside.remove(name)

    def _drop(
        self,
        call: ast.Call,
        table: ast.expr | None,
        column: ast.expr | None,
        names: Mapping[str, str],
        schema: str = "",
    ) -> None:
        named = _text(table, names)
        column_named = _text(column, names) if column is not None else ""
        given = _argument(call, None, "schema")
        schema_named = _text(given, names) if given is not None and not _is_none(given) else schema
        if named is None or column_named is None or schema_named is None:
            self._note(call)
            return
        self.losses.append(Loss(self.revision, call.lineno, schema_named, named, column_named))

    def _read_sql(self, call: ast.Call, names: Mapping[str, str]) -> None:
        given = _argument(call, 0, "sqltext")
        if isinstance(given, ast.Call) and _dotted(given.func).rpartition(".")[2] in {"text", "DDL"} and given.args:
            given = given.args[0]
        sql = _text(given, names)
        if sql is None:
            self._note(call)
            return
        reading = read_drops(sql)
        self.losses += [Loss(self.revision, call.lineno, *place) for place in reading.dropped]
        for statement in reading.unclear:
            self.notes.append(Note(call.lineno, f"not understood: {_cut(statement)}"))

    def _note(self, node: ast.AST, what: str = "not understood: ") -> None:
        self.notes.append(Note(getattr(node, "lineno", 0), f"{what}{_shown(node)}"))


def _is_builder(call: ast.Call, dotted: str) -> bool:
    """`sa.select(...)` builds; `sa.Enum(...).drop(bind)` drops a type, which holds no rows."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        return _dotted(call.func.value.func).rpartition(".")[2] in _ENUMS
    return dotted.split(".")[0] in _BUILDERS or dotted.rpartition(".")[2] in _ENUMS


def _dotted(node: ast.expr) -> str:
    """`op.drop_table`; of a chain through calls, as `op.get_context().autocommit_block`, with `()` in it."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return f"{_dotted(node.func)}()" if isinstance(node, ast.Call) else ""


def _argument(call: ast.Call, position: int | None, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and len(call.args) > position else None


def _text(node: ast.expr | None, names: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Call) and _dotted(node.func) == "op.f" and node.args:
        return _text(node.args[0], names)
    return None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _shown(node: ast.AST) -> str:
    return _cut(ast.unparse(node))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"
