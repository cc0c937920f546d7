"""The four variables of a revision file, evaluated as literals and never executed."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

VARIABLES = ("revision", "down_revision", "branch_labels", "depends_on")


class SetByCode:
    """Stands for a value that only running the file would tell."""


SET_BY_CODE = SetByCode()


@dataclass(slots=True)
class Assignments:
    """What the statements of one file assign, the last assignment winning."""

    values: dict[str, object] = field(default_factory=dict)
    """Of the four variables: their value, lists and tuples unconverted; SET_BY_CODE where it is computed."""
    lines: dict[str, int] = field(default_factory=dict)
    _others: dict[str, object] = field(default_factory=dict)
    """Literals under other names, which one of the four may refer to."""

    def follow(self, statements: Iterable[ast.stmt]) -> Assignments:
        """Take the statements of a module in order."""
        for statement in statements:
            self._take(statement)
        return self

    def _take(self, statement: ast.stmt) -> None:
        match statement:
            case ast.AnnAssign(target=annotated, value=ast.expr() as value):
                self._assign(annotated, self._evaluate(value), statement.lineno)
            case ast.Assign(targets=targets, value=value):
                evaluated = self._evaluate(value)
                for target in targets:
                    self._assign(target, evaluated, statement.lineno)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                self._assign(statement.target, self._sum(self._lookup(name), self._evaluate(value)), statement.lineno)
            case ast.Expr(value=ast.Constant()) | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    self._store((alias.asname or alias.name).split(".")[0], SET_BY_CODE, statement.lineno)
            case _:
                self._distrust(statement)

    def _distrust(self, statement: ast.stmt) -> None:
        """Whatever an if, try, loop, with, del or call may change is set by code."""
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    self._store(name, SET_BY_CODE, node.lineno)
                case ast.alias(name=name, asname=asname):
                    self._store((asname or name).split(".")[0], SET_BY_CODE, node.lineno)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                    self._mutated(name, node.lineno)
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                    self._mutated(name, node.lineno)

    def _assign(self, target: ast.expr, value: object, line: int) -> None:
        match target:
            case ast.Name(id=name):
                self._store(name, value, line)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                values = value if isinstance(value, tuple | list) else ()
                known = len(values) == len(targets) and not any(isinstance(t, ast.Starred) for t in targets)
                for number, part in enumerate(targets):
                    self._assign(part, values[number] if known else SET_BY_CODE, line)
            case ast.Starred(value=inner):
                self._assign(inner, SET_BY_CODE, line)
            case ast.Subscript(value=ast.Name(id=name)):
                self._mutated(name, line)

    def _store(self, name: str, value: object, line: int) -> None:
        if name in VARIABLES:
            self.values[name] = value
            self.lines[name] = line
        else:
            self._others[name] = value

    def _mutated(self, name: str, line: int) -> None:
        """A list was changed in place: every name that means it is set by code from here on."""
        changed = self._lookup(name)
        if not isinstance(changed, list):
            return
        for variable, value in list(self.values.items()):
            if value is changed:
                self._store(variable, SET_BY_CODE, line)
        for other, value in list(self._others.items()):
            if value is changed:
                self._others[other] = SET_BY_CODE

    def _lookup(self, name: str) -> object:
        return self.values.get(name, self._others.get(name, SET_BY_CODE))

    def _evaluate(self, node: ast.expr) -> object:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Tuple(elts=parts):
                found = [self._evaluate(part) for part in parts]
                return SET_BY_CODE if SET_BY_CODE in found else tuple(found)
            case ast.List(elts=parts) | ast.Set(elts=parts):
                found = [self._evaluate(part) for part in parts]
                return SET_BY_CODE if SET_BY_CODE in found else found
            case ast.Name(id=name):
                return self._lookup(name)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(self._evaluate(left), self._evaluate(right))
            case _:
                return SET_BY_CODE

    @staticmethod
    def _sum(left: object, right: object) -> object:
        if isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        return SET_BY_CODE
