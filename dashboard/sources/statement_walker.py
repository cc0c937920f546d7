"""Walks the statements of a revision's functions and shows each call, without running anything.

What a condition decides is not known, so every branch counts; a loop over plain texts is walked once for each of them.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

_SHOWN = 100
"""Characters of a statement that are repeated."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(module: ast.Module) -> dict[str, Function]:
    """The functions of a module by name, the last of a name."""
    return {node.name: node for node in module.body if isinstance(node, Function)}


def working(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Without what does nothing: docstrings, pass, `...`, a bare return, imports."""

    def is_idle(node: ast.stmt) -> bool:
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Return):
            return node.value is None or isinstance(node.value, ast.Constant)
        return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)

    return [node for node in body if not is_idle(node)]


def constants(body: Sequence[ast.stmt]) -> dict[str, str]:
    """By name: the text that an assignment gives it."""
    found: dict[str, str] = {}
    for node in body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found |= dict.fromkeys(_target_names(node), value.value)
    return found


def _target_names(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


class StatementWalker(ABC):
    """`functions`: those of the same file, which are followed. Batch operations are bound to their name."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.batches: dict[str, tuple[ast.expr | None, str]] = {}
        """By the name of a batch operation: its table, and its schema."""
        self._inside: set[str] = set()

    @abstractmethod
    def see_call(self, call: ast.Call, names: Mapping[str, str]) -> bool:
        """`names`: the texts that names stand for. True where nothing inside of the call needs to be looked at."""

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
                    names = {**names, **constants([node])}
                    self._see_calls(node, names)
                case ast.Raise() | ast.FunctionDef() | ast.Pass():
                    pass
                case _:
                    self._see_calls(node, names)

    def _read_loop(self, node: ast.For, names: Mapping[str, str]) -> None:
        self._see_calls(node.iter, names)
        values = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
        rounds = [bound for value in values if (bound := _bound_texts(node.target, value)) is not None]
        if not values or len(rounds) < len(values):
            self.read(node.body, names)
            return
        for bound in rounds:
            self.read(node.body, {**names, **bound})

    def _read_with(self, node: ast.With, names: Mapping[str, str]) -> None:
        for item in node.items:
            call = item.context_expr
            is_batch = isinstance(call, ast.Call) and dotted_name(call.func).endswith("batch_alter_table")
            if is_batch and isinstance(call, ast.Call) and isinstance(item.optional_vars, ast.Name):
                schema = text_of(argument(call, None, "schema"), names) or ""
                self.batches[item.optional_vars.id] = (argument(call, 0, "table_name"), schema)
            elif isinstance(call, ast.Call):
                self.see_call(call, names)
        self.read(node.body, names)

    def _see_calls(self, node: ast.AST, names: Mapping[str, str]) -> None:
        """Of calls within calls the outermost decides, except where it only builds something."""
        todo: list[ast.AST] = [node]
        while todo:
            current = todo.pop(0)
            if isinstance(current, ast.Call) and self.see_call(current, names):
                continue
            todo = [*ast.iter_child_nodes(current), *todo]

    def follow(self, name: str, names: Mapping[str, str]) -> None:
        """Walk a function of the same file; one that calls itself, once."""
        if name not in self._inside:
            self._inside.add(name)
            self.read(self.functions[name].body, names)
            self._inside.remove(name)


def _bound_texts(target: ast.expr, value: ast.expr) -> dict[str, str] | None:
    """What one round of a loop gives to its names, as far as it is plain text; None where nothing is."""
    if isinstance(target, ast.Name):
        text = text_of(value, {})
        return None if text is None else {target.id: text}
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple | ast.List):
        return None
    if len(target.elts) != len(value.elts):
        return None
    pairs = [(name, text_of(part, {})) for name, part in zip(target.elts, value.elts, strict=True)]
    return {name.id: text for name, text in pairs if isinstance(name, ast.Name) and text is not None} or None


def dotted_name(node: ast.expr) -> str:
    """`op.drop_table`; of a chain through calls, as `op.get_context().autocommit_block`, with `()` in it."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted_name(node.value)}.{node.attr}"
    return f"{dotted_name(node.func)}()" if isinstance(node, ast.Call) else ""


def argument(call: ast.Call, position: int | None, name: str) -> ast.expr | None:
    """By keyword, else by position where there is one."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and len(call.args) > position else None


def text_of(node: ast.expr | None, names: Mapping[str, str]) -> str | None:
    """The plain text that an expression stands for; None where it is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Call) and dotted_name(node.func) == "op.f" and node.args:
        return text_of(node.args[0], names)
    return None


def is_none(node: ast.expr) -> bool:
    """Whether it says None in so many letters."""
    return isinstance(node, ast.Constant) and node.value is None


def statement_of(call: ast.Call) -> ast.expr | None:
    """What `execute` is given, taken out of `sa.text(...)`."""
    given = argument(call, 0, "sqltext")
    if isinstance(given, ast.Call) and dotted_name(given.func).rpartition(".")[2] in {"text", "DDL"} and given.args:
        return given.args[0]
    return given


def shown(node: ast.AST) -> str:
    """A piece of code as one line of bounded length."""
    return cut(ast.unparse(node))


def cut(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"
