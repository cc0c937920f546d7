"""Which tables a SQL text touches: plain statements, and the rest is said to be not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dashboard.revisions.touches import TouchKind

_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|[A-Za-z_][\w$]*)'
_TABLE = rf"(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)"
_PATTERNS = tuple(
    (re.compile(rf"\s*{pattern}", re.I | re.S), kind, words)
    for pattern, kind, words in (
        (rf"UPDATE\s+(?:ONLY\s+)?{_TABLE}", TouchKind.DATA, "updates rows"),
        (rf"INSERT\s+(?:OR\s+\w+\s+)?INTO\s+{_TABLE}", TouchKind.DATA, "inserts rows"),
        (rf"DELETE\s+FROM\s+(?:ONLY\s+)?{_TABLE}", TouchKind.DATA, "deletes rows"),
        (rf"MERGE\s+INTO\s+{_TABLE}", TouchKind.DATA, "merges rows"),
        (rf"TRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?{_TABLE}\s*;?\s*$", TouchKind.DATA, "empties it"),
        (rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_TABLE}\s+RENAME\s+TO\b", TouchKind.RENAME, "renames it"),
        (rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_TABLE}", TouchKind.ALTER, "alters it"),
        (rf"CREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_TABLE}", TouchKind.CREATE, "creates it"),
        (rf"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_TABLE}\s*(?:CASCADE|RESTRICT)?\s*;?\s*$", TouchKind.DROP, "drops it"),
        (
            rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?:{_NAME}\s+)?"
            rf"ON\s+(?:ONLY\s+)?{_TABLE}",
            TouchKind.INDEX,
            "adds an index",
        ),
        (
            rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\b.*?\bON\s+{_TABLE}",
            TouchKind.CONSTRAINT,
            "adds a trigger",
        ),
        (rf"COMMENT\s+ON\s+(?:TABLE|COLUMN)\s+{_TABLE}", TouchKind.READ, "comments on it"),
    )
)
_READS = re.compile(rf"\b(?:FROM|JOIN|USING)\s+(?:ONLY\s+)?{_TABLE}", re.I)
_SELECT = re.compile(r"\s*SELECT\b(?!.*\bINTO\b)(?!\s+\w+\s*\()", re.I | re.S)
"""A function of the server may do anything; COUNT and the like come after a column, or with a table."""
_NO_TABLE = re.compile(
    r"\s*(?:SET|SELECT\s+(?:1|pg_\w+|setval)\b|PRAGMA|GRANT|REVOKE|ANALYZE|COMMENT"
    r"|(?:CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:EXTENSION|TYPE|SCHEMA|SEQUENCE|FUNCTION|PROCEDURE|DOMAIN|ROLE|AGGREGATE"
    r"|COLLATION)\b|DROP\s+INDEX|ALTER\s+INDEX)",
    re.I,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_TEXT = re.compile(r"'(?:[^']|'')*'")
_NOT_TABLES = frozenset({"select", "only", "lateral", "unnest", "generate_series", "values", "set", "where"})


@dataclass(frozen=True, slots=True)
class SqlTouches:
    """`touched`: (table, kind, words). `unclear`: statements to look at."""

    touched: tuple[tuple[str, TouchKind, str], ...]
    unclear: tuple[str, ...]


def read_sql_touches(sql: str) -> SqlTouches:
    """Never raises. A text with a function's body is taken as one statement."""
    text = _TEXT.sub("''", _COMMENT.sub(" ", sql))
    statements = [text] if "$$" in text else text.split(";")
    touched: list[tuple[str, TouchKind, str]] = []
    unclear: list[str] = []
    for statement in filter(None, (part.strip() for part in statements)):
        found = _touches_of(statement)
        if found is None:
            unclear.append(statement)
        else:
            touched += found
    return SqlTouches(tuple(touched), tuple(unclear))


def _touches_of(statement: str) -> list[tuple[str, TouchKind, str]] | None:
    for pattern, kind, words in _PATTERNS:
        match = pattern.match(statement)
        if match:
            table = plain_table(match["table"])
            own: list[tuple[str, TouchKind, str]] = [(table, kind, words)]
            if kind is TouchKind.DATA:
                read = {plain_table(found["table"]) for found in _READS.finditer(statement, match.end())}
                own += [(name, TouchKind.READ, "reads it") for name in sorted(read - {table} - _NOT_TABLES)]
            return own
    if _SELECT.match(statement):
        read = {plain_table(found["table"]) for found in _READS.finditer(statement)}
        return [(name, TouchKind.READ, "reads it") for name in sorted(read - _NOT_TABLES)]
    return [] if _NO_TABLE.match(statement) else None


def plain_table(name: str) -> str:
    """As PostgreSQL folds it: parts without quotes in lower case, `public.` left out."""
    parts = [part[1:-1] if part[0] in '"`' else part.lower() for part in re.findall(_NAME, name)]
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "public" else parts)
