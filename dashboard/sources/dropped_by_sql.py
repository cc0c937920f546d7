"""Which tables and columns a SQL text drops: the plain statements, and the rest is said to be not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
_DROP_TABLE = re.compile(
    rf"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<tables>{_QUALIFIED}(?:\s*,\s*{_QUALIFIED})*)\s*(?:CASCADE|RESTRICT)?", re.I
)
_ALTER_TABLE = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_QUALIFIED})\s+(?P<changes>.+)", re.I | re.S
)
_DROP_COLUMN = re.compile(
    rf"DROP\s+(?:COLUMN\s+)?(?!CONSTRAINT\b|EXPRESSION\b)(?:IF\s+EXISTS\s+)?(?P<column>{_NAME})", re.I
)
_HARMLESS = re.compile(
    r"(?:CREATE|COMMENT|SET|GRANT|REVOKE|ANALYZE|PRAGMA"
    r"|DROP\s+(?:INDEX|TYPE|FUNCTION|TRIGGER|VIEW|SEQUENCE|POLICY|RULE|DOMAIN|EXTENSION|PROCEDURE|AGGREGATE)"
    r"|ALTER\s+(?:INDEX|TYPE|SEQUENCE|VIEW|FUNCTION))\b",
    re.I,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)


@dataclass(frozen=True, slots=True)
class SqlReading:
    """`dropped`: (schema, table, column), an empty column for a whole table. `unclear`: statements to look at."""

    dropped: tuple[tuple[str, str, str], ...]
    unclear: tuple[str, ...]


def read_drops(sql: str) -> SqlReading:
    """Never raises. A text with quotes in which a semicolon could hide is taken as one statement."""
    text = _COMMENT.sub(" ", sql)
    statements = [text] if "'" in text or "$" in text else text.split(";")
    dropped: list[tuple[str, str, str]] = []
    unclear: list[str] = []
    for statement in filter(None, (part.strip().rstrip(";").strip() for part in statements)):
        found = _drops_of(statement)
        if found is None:
            unclear.append(statement)
        else:
            dropped += found
    return SqlReading(tuple(dropped), tuple(unclear))


def _drops_of(statement: str) -> list[tuple[str, str, str]] | None:
    tables = _DROP_TABLE.fullmatch(statement)
    if tables:
        return [(*_split(name), "") for name in re.findall(_QUALIFIED, tables["tables"])]
    altered = _ALTER_TABLE.fullmatch(statement)
    if altered:
        changes = [change.strip() for change in altered["changes"].split(",")]
        columns = [match["column"] for change in changes if (match := _DROP_COLUMN.match(change))]
        return [(*_split(altered["table"]), _plain(column)) for column in columns]
    if _HARMLESS.match(statement) and ";" not in statement:
        return []
    return None


def _split(name: str) -> tuple[str, str]:
    parts = [_plain(part) for part in re.findall(_NAME, name)]
    return (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])


def _plain(name: str) -> str:
    """As PostgreSQL folds it: without quotes in lower case."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
