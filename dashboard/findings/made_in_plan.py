"""What a plan's own statements made before: tables without rows of anybody, columns that nobody reads yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dashboard.findings.statements import Statement

BATCH_PREFIX = "_alembic_tmp_"
"""Alembic's batch mode copies table `t` into this + `t`, drops `t`, and renames the copy."""


class MadeInPlan:
    """Fed with each statement in the order of execution, after it was judged."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.tables: set[str] = set()
        self.columns: set[tuple[str, str]] = set()
        self._copied = {name for s in statements if (name := _renamed_to(s.parsed))}

    def is_copied(self, table: str) -> bool:
        """Dropped only to make room for its copy."""
        return table in self._copied and BATCH_PREFIX + table in self.tables

    def take(self, statement: Statement) -> None:
        """Remembers what the statement makes."""
        parsed = statement.parsed
        if isinstance(parsed, exp.Create) and parsed.args.get("kind") == "TABLE":
            self.tables.add(table_name(parsed))
        if isinstance(parsed, exp.Alter):
            table = table_name(parsed)
            for action in parsed.args.get("actions") or ():
                if isinstance(action, exp.ColumnDef):
                    self.columns.add((table, action.name))
                elif isinstance(action, exp.AlterRename) and table in self.tables:
                    self.tables.add(table_name(action))


def table_name(node: exp.Expr | None) -> str:
    """`schema.table`, or empty; of a node that names one table first."""
    table = node.find(exp.Table) if node is not None else None
    if table is None:
        return ""
    return f"{table.db}.{table.name}" if table.db else table.name


def _renamed_to(parsed: exp.Expr | None) -> str:
    """The table that a copy of batch mode becomes."""
    if not isinstance(parsed, exp.Alter):
        return ""
    plain = table_name(parsed).rpartition(".")[2]
    names = [table_name(a) for a in parsed.args.get("actions") or () if isinstance(a, exp.AlterRename)]
    return names[0] if names and plain.startswith(BATCH_PREFIX) else ""
