"""One revision file: from its bytes to what it says, without running it.

Most files are read up to their first function only; that is a tenth of the work. The whole file is parsed where
that could miss something, and a pattern finds the four assignments where this Python cannot parse it at all.
"""

from __future__ import annotations

import ast
import codecs
import hashlib
import re
import warnings
from dataclasses import dataclass

from dashboard.revisions.records import Problem, ProblemKind, RevisionRecord, UnreadableFile
from dashboard.sources.files import LARGEST_FILE
from dashboard.sources.plain_header import read_plain_header
from dashboard.sources.revision_text import choose_message, find_create_date, parse_create_date
from dashboard.sources.revision_values import SET_BY_CODE, Assignments

LARGEST_PARSED = 2 * 1024 * 1024
"""Characters. A parsed file takes about fifty times its size."""
_SHOWN_AS = "<revision file>"

# Python warns of escape sequences in the files that it parses; they are not ours to mend.
warnings.filterwarnings("ignore", module=re.escape(_SHOWN_AS))

_ANY_VARIABLE = re.compile(r"\b(?:down_revision|revision|branch_labels|depends_on)\b")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_LEGACY_NAME = re.compile(r"([a-f0-9]+)\.py$")
_ASSIGNMENT = re.compile(
    r"^(?P<name>revision|down_revision|branch_labels|depends_on)[ \t]*(?::[^=\n]*)?=(?!=)[ \t]*", re.MULTILINE
)
_VALUE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[^\n#;]*")
_DOCSTRING = re.compile(r"\A(?:#[^\n]*\n|\s)*[rRuU]?(?P<quote>\"\"\"|'''|\"|')(?P<text>.*?)(?P=quote)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileReading:
    """A record or the reason why there is none; problems that the record alone does not tell."""

    record: RevisionRecord | None = None
    unreadable: UnreadableFile | None = None
    problems: tuple[Problem, ...] = ()


def read_revision_file(path: str, content: bytes) -> FileReading:
    """Read one file. `path` is shown to people, and its name may hold the message or a very old file's id.

    A pure function that never raises and runs nothing.
    """
    if len(content) > LARGEST_FILE:
        return _unreadable(path, None, f"The file has {len(content):,} bytes; no revision is that long.")
    source = decode(content)
    header = _header_of(source)
    plain = read_plain_header(header)
    if plain is not None:
        return _build(path, content, *plain, "")
    try:
        module = _parse_header(header) or _parse(source)
        found = _follow(module)
    except _CannotParse as error:
        return _read_by_pattern(path, content, source, error)
    return _build(path, content, found, *_strings(module))


def find_syntax_error(content: bytes) -> tuple[int | None, str] | None:
    """Line and message of what keeps this Python from compiling the whole file; None where it can."""
    try:
        _parse(decode(content))
    except _CannotParse as error:
        return error.line, error.message
    return None


def decode(content: bytes) -> str:
    """As Python decodes a source file, except that bytes which do not fit the encoding are replaced."""
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :].decode("utf-8", "replace")
    encoding = "utf-8"
    for line in content.split(b"\n", 2)[:2]:
        match = _CODING.match(line)
        if match:
            encoding = match[1].decode("ascii")
    try:
        return content.decode(encoding, "replace")
    except (LookupError, UnicodeError, ValueError):
        return content.decode("utf-8", "replace")


class _CannotParse(Exception):
    """This Python's grammar does not take the file."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def _parse(source: str) -> ast.Module:
    if len(source) > LARGEST_PARSED:
        raise _CannotParse(None, f"it has {len(source):,} characters")
    try:
        return ast.parse(source, _SHOWN_AS)
    except SyntaxError as error:
        raise _CannotParse(error.lineno, error.msg) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _CannotParse(None, str(error) or "too deeply nested") from None


def _follow(module: ast.Module) -> Assignments:
    try:
        return Assignments().follow(module.body)
    except RecursionError:
        raise _CannotParse(None, "too deeply nested") from None


def _header_of(source: str) -> str:
    """The text up to the first function; empty where that may not tell the whole of the four variables."""
    end = source.find("\ndef ")
    if end < 0 or _mentions_a_variable(source, end):
        return ""
    return source[: end + 1]


def _parse_header(header: str) -> ast.Module | None:
    if "revision" not in header:
        return None
    try:
        return _parse(header)
    except _CannotParse:
        return None


def _mentions_a_variable(source: str, start: int) -> bool:
    """Searching for plain words first is ten times as fast, and most files have none after their header."""
    words = ("revision", "branch_labels", "depends_on")
    return any(source.find(word, start) >= 0 for word in words) and bool(_ANY_VARIABLE.search(source, start))


def _strings(module: ast.Module) -> tuple[str, str]:
    """The docstring, and where there is none the first string that stands for itself further down."""
    for number, statement in enumerate(module.body):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            text = statement.value.value
            if isinstance(text, str):
                return (text, "") if number == 0 else ("", text)
    return "", ""


def _build(path: str, content: bytes, found: Assignments, docstring: str, later: str) -> FileReading:
    values, lines = found.values, found.lines
    name = path.rpartition("/")[2]
    if "revision" not in values:
        legacy = _LEGACY_NAME.match(name)
        if not legacy:
            return _unreadable(path, None, "It has no variable `revision`. Alembic refuses such a file: move it away.")
        values["revision"] = legacy[1]
    if "down_revision" not in values:
        return _unreadable(path, None, "It has no variable `down_revision`. Write None for a base.")
    revision = values["revision"]
    if not isinstance(revision, str) or not revision:
        said = "set by code" if revision is SET_BY_CODE else f"{revision!r}, which is no text"
        return _unreadable(path, lines.get("revision"), f"`revision` is {said}. Write the id as a string.")
    down = _names(values["down_revision"])
    if down is None:
        said = "set by code" if values["down_revision"] is SET_BY_CODE else "neither None nor text nor a tuple of texts"
        return _unreadable(path, lines["down_revision"], f"`down_revision` is {said}. Write the ids as strings.")
    labels, depends_on = _names(values.get("branch_labels")), _names(values.get("depends_on"))
    record = RevisionRecord(
        revision=revision,
        down_revision=down,
        depends_on=tuple(filter(None, depends_on or ())),
        branch_labels=labels or (),
        message=choose_message(docstring, later, name.removesuffix(".py"), revision),
        create_date=(date := find_create_date(docstring or later)),
        created_at=parse_create_date(date),
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        set_by_code=tuple(n for n, v in (("branch_labels", labels), ("depends_on", depends_on)) if v is None),
        lines=tuple(lines.items()),
    )
    return FileReading(record, problems=tuple(_set_by_code(record, variable) for variable in record.set_by_code))


def _names(value: object) -> tuple[str, ...] | None:
    """As Alembic's to_tuple: None is no name, a text is one. None where it is set by code or holds no texts."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple | list):
        if list(value) == [None]:
            return ()
        if all(isinstance(part, str) for part in value):
            return tuple(value)
    return None


def _set_by_code(record: RevisionRecord, variable: str) -> Problem:
    return Problem(
        kind=ProblemKind.SET_BY_CODE,
        revision=record.revision,
        path=record.path,
        line=record.line_of(variable),
        detail=f"`{variable}` of revision {record.revision} is set by code; it is not guessed.",
        hint=f"Write `{variable}` as a string or a tuple of strings, so that it can be read.",
    )


def _unreadable(path: str, line: int | None, reason: str) -> FileReading:
    return FileReading(unreadable=UnreadableFile(path, line, reason))


def _read_by_pattern(path: str, content: bytes, source: str, error: _CannotParse) -> FileReading:
    """For files of an older or a newer Python: the assignments that start a line, the last one winning."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    match = _DOCSTRING.match(source)
    docstring, body = (match["text"], match.end()) if match else ("", 0)
    found = Assignments()
    for name, assignment in {match["name"]: match for match in _ASSIGNMENT.finditer(source, body)}.items():
        value = _VALUE.match(source, assignment.end())
        found.values[name] = _literal(value[0] if value else "")
        found.lines[name] = source.count("\n", 0, assignment.start()) + 1
    reading = _build(path, content, found, docstring, "")
    said = f"Python cannot parse it: {error.message}."
    if reading.record is None:
        return _unreadable(path, error.line, said)
    problem = Problem(
        kind=ProblemKind.UNREADABLE,
        revision=reading.record.revision,
        path=path,
        line=error.line,
        detail=f"{said} Its four variables were found by a pattern.",
        hint="Mend the line, unless the project's own Python is another one that takes it.",
    )
    return FileReading(reading.record, problems=(*reading.problems, problem))


def _literal(text: str) -> object:
    try:
        node = ast.parse(f"revision = ({text.strip()}\n)", _SHOWN_AS)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SET_BY_CODE
    return Assignments().follow(node.body).values["revision"]
