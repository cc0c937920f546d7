"""A digest of a PostgreSQL schema, from its catalog: all definitions, no rows, no comments, no oids.

Two databases have equal digests when a dump of the one would build the other; so attributes are counted without
dropped columns, and default privileges are spelt out. Objects of extensions count as their extension.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from dashboard.databases.database import Deadline
from dashboard.databases.postgresql.connection import Connection
from dashboard.databases.postgresql.schema_queries import NOT_RESTORED, QUERIES

_INVALID_INDEXES = r"""
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname !~ '^pg_' ORDER BY 1
"""

_TYPE = r"[a-z_]\w*(?: [a-z]+)*(?:\([\d,]+\))?"
_ELEMENT = rf"""(?:E?'(?:[^']|'')*'|"(?:[^"]|"")*"|[a-z_]\w*)(?:::{_TYPE})?"""
_CAST_LIST = re.compile(rf"\(ARRAY\[((?:{_ELEMENT}, )*{_ELEMENT})\]\)::({_TYPE})\[\]")

_IS_VALID = 1
"""The place in a row of the indexes."""


def digest_schema(connection: Connection, limit: Deadline) -> str:
    """A sha256 in hex. Needs a transaction, best one of `reading(repeatable=True)`. Raises DatabaseUnavailable."""
    # With nothing on the search path, every definition names its schemas.
    connection.query("SET LOCAL search_path = ''", timeout=limit.remaining())
    digest = sha256()
    for kind, sql in QUERIES.items():
        rows = connection.query(sql, timeout=limit.remaining())
        digest.update(f"== {kind} {len(rows)}\n".encode())
        digest.update(_lines(rows))
    return digest.hexdigest()


def digest_restorable_schema(connection: Connection, limit: Deadline) -> dict[str, str]:
    """Kind of object -> a sha256 in hex of what pg_restore carries to another server: see NOT_RESTORED.

    Left out are also indexes that an interrupted CREATE INDEX CONCURRENTLY left: pg_dump does not take them along.
    Needs a transaction. Raises DatabaseUnavailable.
    """
    connection.query("SET LOCAL search_path = ''", timeout=limit.remaining())
    digests = {}
    for kind, sql in QUERIES.items():
        left_out = NOT_RESTORED.get(kind, ())
        if left_out is None:
            continue
        rows = connection.query(sql, timeout=limit.remaining())
        if kind == "indexes":
            rows = [row for row in rows if row[_IS_VALID]]
        kept = [tuple(as_parsed_again(v) for place, v in enumerate(row) if place not in left_out) for row in rows]
        digests[kind] = sha256(_lines(kept)).hexdigest()
    return digests


def as_parsed_again(value: object) -> object:
    """As the server tells an expression once it was dumped and restored: it casts a list's elements, not the list.

    `status IN ('a', 'b')` on a varchar is the usual one.
    """
    return _CAST_LIST.sub(_cast_elements, value) if isinstance(value, str) else value


def _cast_elements(found: re.Match[str]) -> str:
    return f"ARRAY[{', '.join(f'({element[0]})::{found[2]}' for element in re.finditer(_ELEMENT, found[1]))}]"


def _lines(rows: Iterable[tuple[Any, ...]]) -> bytes:
    # Sorted here: the server's order depends on its collation.
    return "".join(f"{line}\n" for line in sorted(repr(row) for row in rows)).encode()


def list_invalid_indexes(connection: Connection, limit: Deadline) -> tuple[str, ...]:
    """Qualified, quoted names, sorted. Raises DatabaseUnavailable."""
    return tuple(row[0] for row in connection.query(_INVALID_INDEXES, timeout=limit.remaining()))
