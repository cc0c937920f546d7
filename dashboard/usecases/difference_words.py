"""What a database and its models, or its revisions, differ in: in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.databases.difference import Change, Difference


@dataclass(frozen=True, slots=True)
class Side:
    """What the database is compared with."""

    lacks: str
    """`{thing}`: what the database has not, and this has."""
    only_database: str
    """`{thing}`: what the database alone has."""
    there: str
    """Where the other value of an attribute stands."""


MODELS = Side(
    "The models have the {thing}, the database has not.",
    "The database has the {thing}, the models have not.",
    "in the models",
)
REVISIONS = Side(
    "The {thing} is missing: the revisions make it, the database does not have it.",
    "The {thing} is in the database, and no revision up to its own makes it.",
    "by the revisions",
)
_THINGS = {
    "table": "table {table}",
    "column": "column {table}.{name}",
    "index": "index {name} on {table}",
    "constraint": "constraint {name} of {table}",
    "trigger": "trigger {name} of {table}",
    "policy": "policy {name} of {table}",
    "table_comment": "comment of {table}",
}


def say_difference(difference: Difference, side: Side = MODELS) -> str:
    """Who has what, and who has not."""
    action, _, kind = difference.operation.partition("_")
    thing = _name_thing(difference, kind)
    if action in {"create", "add"}:
        return side.lacks.format(thing=thing)
    if action == "drop":
        return side.only_database.format(thing=thing)
    if difference.changes:
        changes = "; ".join(_say_change(change, side) for change in difference.changes)
        return f"{thing[:1].upper()}{thing[1:]} differs: {changes}."
    return f"{thing[:1].upper()}{thing[1:]} is defined otherwise than {side.there}."


def _name_thing(difference: Difference, kind: str) -> str:
    owner = difference.table or difference.name
    table = f"{difference.schema}.{owner}" if difference.schema else owner
    name = (
        difference.name if difference.name and difference.table else ("without a name" if difference.table else table)
    )
    pattern = _THINGS.get(kind) or ("{kind} {name} of {table}" if difference.table else "{kind} {table}")
    return pattern.format(kind=kind.replace("_", " "), table=table, name=name)


def _say_change(change: Change, side: Side) -> str:
    if change.what == "nullable":
        words = {"True": "NULL is allowed", "False": "NULL is not allowed"}
        return f"{words.get(change.before, change.before)} in the database, {words.get(change.after, change.after)} {side.there}"
    return f"its {change.what} is {change.before or 'none'} in the database, {change.after or 'none'} {side.there}"
