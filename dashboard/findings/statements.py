"""Cuts SQL into its statements, and reads each as far as sqlglot understands it."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dashboard.database_target import Dialect

_NAMES = {Dialect.POSTGRESQL: "postgres", Dialect.SQLITE: "sqlite"}
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)

# It warns of each statement that it passes on as a Command; ours says so where it matters.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


LARGEST_PARSED = 100_000
"""Characters; longer statements are rows to insert, and would take sqlglot seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement without its semicolon and the comments before it."""

    text: str
    line: int
    """Where it begins in the whole text, from 1."""
    start: int
    """Offset of its first character in the whole text."""
    parsed: exp.Expr | None
    """None where sqlglot cannot read it."""

    @property
    def last_line(self) -> int:
        """Where it ends."""
        return self.line + self.text.count("\n")


def split_statements(sql: str, dialect: Dialect) -> tuple[Statement, ...]:
    """In their order. Semicolons in texts, comments, dollar quotes and SQLite's triggers do not divide."""
    cut = _cut_sqlite(sql) if dialect is Dialect.SQLITE else _cut_postgresql(sql)
    found = []
    for begin, end in cut:
        start = _skip_comments(sql, begin, end)
        text = sql[start:end].rstrip()
        if text:
            found.append(Statement(text, sql.count("\n", 0, start) + 1, start, _parse(text, dialect)))
    return tuple(found)


def _cut_postgresql(sql: str) -> Iterator[tuple[int, int]]:
    try:
        tokens = sqlglot.tokenize(sql, dialect="postgres")
    except SqlglotError:
        yield from _cut_at_line_ends(sql)
        return
    begin = 0
    for token in tokens:
        if token.token_type is sqlglot.TokenType.SEMICOLON:
            yield begin, token.start
            begin = token.end + 1
    yield begin, len(sql)


def _cut_at_line_ends(sql: str) -> Iterator[tuple[int, int]]:
    """As Alembic writes them; for text that has no tokens."""
    begin = 0
    for match in re.finditer(r";[ \t]*(?:\n|$)", sql):
        yield begin, match.start()
        begin = match.end()
    yield begin, len(sql)


def _cut_sqlite(sql: str) -> Iterator[tuple[int, int]]:
    """By SQLite's own word for where a statement is complete."""
    begin = 0
    for match in re.finditer(";", sql):
        if match.start() >= begin and sqlite3.complete_statement(sql[begin : match.end()]):
            yield begin, match.start()
            begin = match.end()
    yield begin, len(sql)


def _skip_comments(sql: str, begin: int, end: int) -> int:
    while match := _COMMENT.match(sql, begin, end):
        begin = match.end()
    return begin + len(sql[begin:end]) - len(sql[begin:end].lstrip())


def _parse(text: str, dialect: Dialect) -> exp.Expr | None:
    if len(text) > LARGEST_PARSED:
        return None
    try:
        return sqlglot.parse_one(text, dialect=_NAMES[dialect])
    except (SqlglotError, RecursionError):
        return None
