"""Differences between definitions: what Alembic's comparison does not look at, or has no words for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from dashboard.databases.definition import Definition, Inventory, Key
from dashboard.databases.difference import Change, Difference


def compare_definitions(
    expected: Inventory,
    found: Inventory,
    told: Iterable[Difference],
    *,
    takes: Callable[[str, str], bool],
) -> Iterator[Difference]:
    """Beyond those that Alembic has `told`. Of schemas in which nothing is expected nothing is told."""
    told = tuple(told)
    tables = {(d.schema, d.table) for d in told if d.operation in {"create_table", "drop_table"}}
    names = {(d.schema, d.table, d.name) for d in told if d.name}
    schemas = expected.schemas | {""}
    not_ours = expected.not_ours | found.not_ours
    for key in sorted(expected.definitions.keys() | found.definitions.keys()):
        table = (key.schema, key.table or key.name)
        if key.schema not in schemas or table in tables or table in not_ours or not takes(*table):
            continue
        if (key.schema, key.table, key.name) in names:
            continue
        should_be, is_now = expected.definitions.get(key), found.definitions.get(key)
        difference = _compare(key, should_be, is_now)
        if difference is not None:
            yield difference


def _compare(key: Key, should_be: Definition | None, is_now: Definition | None) -> Difference | None:
    kind = key.kind.replace(" ", "_")
    if key.kind in {"table", "column"} and (should_be is None or is_now is None):
        return None  # Alembic tells those
    if should_be is None and is_now is not None:
        # An extension that somebody installed harms nobody.
        return None if key.kind == "extension" else _difference(f"drop_{kind}", key, (is_now.drop,), (is_now.create,))
    if is_now is None and should_be is not None:
        return _difference(f"create_{kind}", key, (should_be.create,), (should_be.drop,))
    assert should_be is not None and is_now is not None, "one of both has it"
    if should_be.text == is_now.text:
        return None
    change = Change("definition", is_now.words or is_now.text, should_be.words or should_be.text)
    if key.kind == "enum":
        return _difference("alter_enum", key, _labels(key, is_now, should_be), _labels(key, should_be, is_now), change)
    repair = (is_now.drop, should_be.create) if is_now.drop and should_be.create else ()
    adopt = (should_be.drop, is_now.create) if should_be.drop and is_now.create else ()
    return _difference(f"alter_{kind}", key, repair, adopt, change)


def _difference(
    operation: str, key: Key, repair: tuple[str, ...], adopt: tuple[str, ...], change: Change | None = None
) -> Difference:
    return Difference(
        operation, key.schema, key.table, key.name, (change,) if change else (),
        repair=_execute(repair), adopt=_execute(adopt),
    )  # fmt: skip


def _execute(statements: Iterable[str]) -> str:
    return "\n".join(f"op.execute({_literal(sql)})" for sql in statements if sql)


def _literal(sql: str) -> str:
    """As a person would write it in Python."""
    is_plain = '"""' not in sql and "\\" not in sql and not sql.endswith('"')
    if is_plain and ("\n" in sql or ("'" in sql and '"' in sql)):
        return f'"""{sql}"""'
    return f'"{sql}"' if is_plain and '"' not in sql else repr(sql)


def _labels(key: Key, have: Definition, want: Definition) -> tuple[str, ...]:
    """PostgreSQL adds values to an enum, and removes none."""
    old, new = have.text.split(", "), want.text.split(", ")
    if any(label not in new for label in old):
        return ()
    name = ".".join(_identifier(part) for part in (key.schema, key.name) if part)
    return tuple(f"ALTER TYPE {name} ADD VALUE {label}" for label in new if label not in old)


def _identifier(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
