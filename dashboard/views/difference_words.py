"""What a project's models and a database differ in, in sentences."""

from __future__ import annotations

from dashboard.databases.difference import Change, Difference

_IN_THE_MODELS_ALONE = {
    "create_table": "table {table}",
    "add_column": "column {table}.{name}",
    "create_index": "index {name} on {table}",
    "create_unique_constraint": "unique constraint {name} on {table}",
    "create_foreign_key": "foreign key {name} of {table}",
    "create_primary_key": "primary key {name} of {table}",
    "create_check_constraint": "check constraint {name} on {table}",
    "create_table_comment": "comment of {table} as it is written there",
}
_IN_THE_DATABASE_ALONE = {
    "drop_table": "table {table}",
    "drop_column": "column {table}.{name}",
    "drop_index": "index {name} on {table}",
    "drop_constraint": "constraint {name} on {table}",
    "drop_table_comment": "comment of {table}",
}


def say_difference(difference: Difference) -> str:
    """Who has what, and who has not; `before` is the database, `after` are the models."""
    table = f"{difference.schema}.{difference.table}" if difference.schema else difference.table
    named = {"table": table, "name": difference.name or "without a name"}
    if pattern := _IN_THE_MODELS_ALONE.get(difference.operation):
        return f"The models have the {pattern.format(**named)}, the database has not."
    if pattern := _IN_THE_DATABASE_ALONE.get(difference.operation):
        return f"The database has the {pattern.format(**named)}, the models have not."
    if difference.changes:
        changes = "; ".join(_say_change(change) for change in difference.changes)
        return f"Column {table}.{difference.name} differs: {changes}."
    words = difference.operation.replace("_", " ")
    return f"{words.capitalize()} {table} {difference.name}".strip() + "."


def _say_change(change: Change) -> str:
    return f"its {change.what} is {change.before or 'none'} in the database, {change.after or 'none'} in the models"
