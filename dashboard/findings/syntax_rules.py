"""What one statement does to data, from its syntax tree: what squawk is silent about, and all that SQLite has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from dashboard.database_target import Dialect
from dashboard.findings.made_in_plan import MadeInPlan, table_name
from dashboard.findings.statements import Statement
from dashboard.gate.finding_policy import Level

_TAKES_DATA = re.compile(
    r"\b(DROP\s+(?:TABLE|SCHEMA|DATABASE|COLUMN|OWNED)|TRUNCATE|DELETE\s+FROM)\b", re.IGNORECASE
)  # fmt: skip
_HARMLESS = {
    Dialect.POSTGRESQL: {
        "ALTER", "ANALYZE", "BEGIN", "CLUSTER", "COMMENT", "COMMIT", "CREATE", "DISCARD", "DROP", "END", "GRANT",
        "IMPORT", "INSERT", "LISTEN", "LOCK", "NOTIFY", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RESET", "REVOKE",
        "ROLLBACK", "SAVEPOINT", "SECURITY", "SET", "SHOW", "START", "VACUUM",
    },
    Dialect.SQLITE: {"ANALYZE", "CREATE", "INSERT", "PRAGMA", "REINDEX", "RELEASE", "REPLACE", "SAVEPOINT", "VACUUM"},
}  # fmt: skip
"""First words of statements that sqlglot passes on unread, and that take no data (or have a rule here or of squawk)."""
_KNOWN_FUNCTIONS = {"setval", "nextval", "currval", "set_config", "pg_advisory_xact_lock", "pg_advisory_lock"}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says of one statement."""

    rule: str
    level: Level
    message: str


def judge_statement(statement: Statement, dialect: Dialect, made: MadeInPlan) -> Iterator[Remark]:
    """Everything to be said of it."""
    parsed = statement.parsed
    if parsed is None or isinstance(parsed, exp.Command):
        yield from _unread(statement, dialect)
    elif isinstance(parsed, exp.Drop):
        yield from _drop(parsed, made)
    elif isinstance(parsed, exp.Alter):
        yield from _alter(parsed)
    elif isinstance(parsed, exp.TruncateTable):
        names = ", ".join(table_name(e) for e in parsed.expressions)
        yield Remark("truncate", Level.DESTRUCTIVE, f"Every row of {names} goes.")
    elif isinstance(parsed, exp.Copy):
        yield Remark("not-understood", Level.NOT_UNDERSTOOD, "COPY: what it reads is not in the SQL.")
    elif isinstance(parsed, exp.Create):
        yield from _create(parsed, made)
    else:
        yield from _rows(parsed, made)
        yield from _calls(parsed)


def _drop(drop: exp.Drop, made: MadeInPlan) -> Iterator[Remark]:
    kind = str(drop.args.get("kind") or "").upper()
    names = [table_name(table).strip(".") for table in drop.args.get("tables") or ()]
    listed = ", ".join(names)
    if kind == "TABLE" and all(made.is_copied(name) for name in names):
        yield Remark("copies-table", Level.LOCKING, f"{listed} is copied as a whole, and replaced by its copy.")
    elif kind == "TABLE" and not all(name in made.tables for name in names):
        yield Remark("ban-drop-table", Level.DESTRUCTIVE, f"The table {listed} goes, with every row of it.")
    elif kind == "SCHEMA":
        yield Remark("ban-drop-schema", Level.DESTRUCTIVE, f"The schema {listed} goes, with what is in it.")
    elif kind == "DATABASE":
        yield Remark("ban-drop-database", Level.DESTRUCTIVE, f"The database {listed} goes.")
    elif kind == "VIEW" and drop.args.get("materialized"):
        yield Remark("ban-drop-view", Level.BREAKING, f"The materialized view {listed} goes; code that reads it fails.")
    elif kind == "VIEW":
        yield Remark("ban-drop-view", Level.BREAKING, f"The view {listed} goes; code that reads it fails.")


def _alter(alter: exp.Alter) -> Iterator[Remark]:
    table = table_name(alter)
    actions = alter.args.get("actions") or ()
    dropped = [
        column.name
        for action in actions
        if isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN"
        for column in action.args.get("tables") or ()
    ]
    if dropped:
        names = ", ".join(f"{table}.{name}" for name in dropped)
        yield Remark("ban-drop-column", Level.DESTRUCTIVE, f"{names} goes, with its data in every row.")


def _create(create: exp.Create, made: MadeInPlan) -> Iterator[Remark]:
    index, table = create.this, table_name(create)
    if create.args.get("unique") and isinstance(index, exp.Index) and table not in made.tables:
        columns = ", ".join(column.name for column in index.find_all(exp.Column)) or "the index"
        yield Remark("unique-index", Level.NOTE, f"Fails where two rows of {table} are equal in {columns}.")


def _rows(parsed: exp.Expr, made: MadeInPlan) -> Iterator[Remark]:
    """Also within WITH."""
    for node in parsed.find_all(exp.Delete, exp.Update):
        table = table_name(node)
        if node.args.get("where") or table in made.tables:
            continue
        if isinstance(node, exp.Delete):
            yield Remark("delete-all", Level.DESTRUCTIVE, f"DELETE without WHERE: every row of {table} goes.")
            continue
        columns = [e.this.name for e in node.expressions if isinstance(e, exp.EQ)]
        if columns and all((table, column) in made.columns for column in columns):
            yield Remark(
                "updates-every-row",
                Level.LOCKING,
                f"Every row of {table} is written; each stays locked until the transaction's end.",
            )
            continue
        names = ", ".join(columns) or "a column"
        yield Remark("update-all", Level.DESTRUCTIVE, f"UPDATE without WHERE: {names} of every row of {table} changes.")
    for merge in parsed.find_all(exp.Merge):
        if any(isinstance(when.args.get("then"), exp.Var | exp.Delete) for when in merge.find_all(exp.When)):
            yield Remark(
                "not-understood", Level.NOT_UNDERSTOOD, f"MERGE into {table_name(merge)}: look at its branches."
            )


def _calls(parsed: exp.Expr) -> Iterator[Remark]:
    """A SELECT of a revision is there for what its functions do."""
    if not isinstance(parsed, exp.Select):
        return
    names = {call.name for call in parsed.find_all(exp.Anonymous)} - _KNOWN_FUNCTIONS
    if names:
        listed = ", ".join(f"{name}()" for name in sorted(names))
        yield Remark("not-understood", Level.NOT_UNDERSTOOD, f"Calls {listed}: what that does is not in the SQL.")


def _unread(statement: Statement, dialect: Dialect) -> Iterator[Remark]:
    words = statement.text.upper().split(maxsplit=2)
    first, second = (*words, "", "")[:2]
    if first == "VACUUM" and "FULL" in statement.text.upper():
        yield Remark("vacuum-full", Level.LOCKING, "VACUUM FULL rewrites the table; nobody can read it meanwhile.")
    elif first == "CLUSTER":
        yield Remark("cluster", Level.LOCKING, "CLUSTER rewrites the table; nobody can read it meanwhile.")
    elif first == "LOCK":
        yield Remark("lock-table", Level.LOCKING, "The table stays locked until the transaction's end.")
    elif (first, second) == ("DROP", "OWNED"):
        yield Remark("drop-owned", Level.DESTRUCTIVE, "Everything that the role owns here goes.")
    elif first not in _HARMLESS[dialect]:
        yield not_understood(statement)


def not_understood(statement: Statement) -> Remark:
    """Worse where words in it take data."""
    first = statement.text.split(maxsplit=1)[0].upper() if statement.text.strip() else "?"
    if found := _TAKES_DATA.search(statement.text):
        words = " ".join(found.group(1).upper().split())
        return Remark(
            "not-understood", Level.DESTRUCTIVE, f"{first} was not understood, and {words} is written in it. Review it."
        )
    return Remark("not-understood", Level.NOT_UNDERSTOOD, f"{first} was not understood. Review it.")
