"""A digest of a SQLite schema."""

from __future__ import annotations

import re
import sqlite3
from hashlib import sha256

# A quoted part stays as it is; white space elsewhere is layout.
_QUOTED_OR_SPACE = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|\s+""")


def digest_schema(connection: sqlite3.Connection) -> str:
    """A sha256 in hex over tables, indexes, views and triggers, however their SQL is laid out."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'"
        " AND name <> 'sqlite_sequence'"
    ).fetchall()
    lines = sorted(repr((kind, name, table, _without_layout(sql or ""))) for kind, name, table, sql in rows)
    return sha256("\n".join(lines).encode()).hexdigest()


def _without_layout(sql: str) -> str:
    return _QUOTED_OR_SPACE.sub(lambda match: match[1] or " ", sql).strip()
