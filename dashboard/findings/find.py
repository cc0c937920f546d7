"""Looks through the SQL of a plan: squawk for what locks on PostgreSQL, the syntax tree for what takes data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from sqlglot import exp

from dashboard.database_target import Dialect
from dashboard.findings.finding import Finding, SqlPiece
from dashboard.findings.made_in_plan import MadeInPlan, table_name
from dashboard.findings.squawk import SYNTAX_ERROR, Complaint, ask_squawk
from dashboard.findings.squawk_rules import IMPLIED, is_noise, say
from dashboard.findings.statements import Statement, split_statements
from dashboard.findings.syntax_rules import Remark, judge_statement, not_understood
from dashboard.gate.finding_policy import Level

IN_ITS_PLACE = " What its rehearsal executed stands in its place, and was looked through."
Noted = tuple[Statement, int, Remark]
"""A statement, the line of the whole text that the remark is about, and the remark."""


def find(pieces: Sequence[SqlPiece], *, dialect: Dialect, version_table: str, server: str = "") -> tuple[Finding, ...]:
    """Findings in the order of the lines. What concerns the version table alone is Alembic's own and left out.

    `version_table`: its bare name. Raises FindingsUnavailable.
    """
    text = join_pieces(pieces)
    statements = [s for s in split_statements(text, dialect) if not _is_of(s, version_table)]
    noted = [*_by_syntax(statements, dialect)]
    if dialect is Dialect.POSTGRESQL:
        noted += [*_by_squawk(text, statements, server), *_outside_transactions(pieces)]
    first_lines = [0, *accumulate(piece.text.count("\n") for piece in pieces)]
    found: dict[tuple[int, str], Finding] = {}
    for statement, line, remark in noted:
        index = min(bisect_right(first_lines, line - 1) - 1, len(pieces) - 1)
        piece = pieces[index]
        if piece.position:
            finding = Finding(
                piece.position, piece.revision, remark.rule, remark.level, line - first_lines[index],
                statement.text, remark.message,
            )  # fmt: skip
            found.setdefault((statement.start, remark.rule), finding)
    found |= {(-piece.position, "not-written"): _unwritten(piece) for piece in pieces if piece.unwritable}
    return tuple(sorted(found.values(), key=lambda f: (f.position, f.line)))


def join_pieces(pieces: Sequence[SqlPiece]) -> str:
    """The whole text; each piece ends with its line."""
    return "".join(piece.text for piece in pieces)


def _unwritten(piece: SqlPiece) -> Finding:
    return Finding(
        piece.position,
        piece.revision,
        "not-written",
        Level.NOT_UNDERSTOOD,
        1,
        "",
        f"Cannot be written without a database: {piece.unwritable}{IN_ITS_PLACE if piece.rehearsed else ''}",
    )


def _is_of(statement: Statement, version_table: str) -> bool:
    node = statement.parsed
    return node is not None and table_name(node).rpartition(".")[2] == version_table


def _by_syntax(statements: Sequence[Statement], dialect: Dialect) -> Iterator[Noted]:
    made = MadeInPlan(statements)
    for statement in statements:
        for remark in judge_statement(statement, dialect, made):
            yield statement, statement.line, remark
        made.take(statement)


def _by_squawk(text: str, statements: Sequence[Statement], server: str) -> Iterator[Noted]:
    complaints, unread = _ask_in_spite_of_errors(text, statements, server)
    yield from ((statement, statement.line, not_understood(statement)) for statement in unread)
    made = MadeInPlan(statements)
    for statement in statements:
        own = [c for c in complaints if statement.line <= c.line <= statement.last_line]
        rules = {c.rule for c in own if not is_noise(c.rule)}
        is_new = table_name(statement.parsed) in made.tables
        for complaint in own:
            level, words = say(complaint.rule, complaint.message)
            implied = complaint.rule == IMPLIED and len(rules) > 1
            waits = level is not Level.LOCKING or not is_new  # nobody waits for a table that the same plan makes
            if complaint.rule in rules and not implied and waits:
                yield statement, complaint.line, Remark(complaint.rule, level, words)
        made.take(statement)


def _ask_in_spite_of_errors(
    text: str, statements: Sequence[Statement], server: str
) -> tuple[tuple[Complaint, ...], list[Statement]]:
    """squawk reads all or nothing: what it cannot read is blanked out and told, so that the rest is read."""
    unread: list[Statement] = []
    rest = list(statements)
    while True:
        complaints = ask_squawk(text, server=server)
        wrong = [c for c in complaints if c.rule == SYNTAX_ERROR]
        if not wrong:
            return complaints, unread
        blamed = [s for s in rest if any(s.line <= c.line <= s.last_line for c in wrong)]
        if not blamed:
            return (), unread + rest
        unread += blamed
        rest = [s for s in rest if s not in blamed]
        for statement in blamed:
            end = statement.start + len(statement.text)
            blank = "".join("\n" if c == "\n" else " " for c in statement.text)
            text = text[: statement.start] + blank + text[end:]


def _outside_transactions(pieces: Sequence[SqlPiece]) -> Iterator[Noted]:
    """The first statement of a revision after its COMMIT: it, and all before it, stay when something later fails."""
    before = 0
    for piece in pieces:
        is_outside = False
        for statement in split_statements(piece.text, Dialect.POSTGRESQL) if piece.position else ():
            if isinstance(statement.parsed, exp.Commit):
                is_outside = True
            elif isinstance(statement.parsed, exp.Transaction):
                is_outside = False
            elif is_outside:
                message = "Runs outside of a transaction: what came before is committed, and a failure here takes nothing back."
                line = before + statement.line
                yield statement, line, Remark("no-transaction", Level.NOTE, message)
                break
        before += piece.text.count("\n")
