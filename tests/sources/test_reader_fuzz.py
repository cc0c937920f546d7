"""No file, however mutilated, raises, hangs or takes memory without bound."""

from __future__ import annotations

import ast
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.sources.plain_header import read_plain_header
from dashboard.sources.revision_file import FileReading, decode, find_syntax_error, read_revision_file
from dashboard.sources.revision_values import Assignments

TEMPLATE = (
    b'"""Add a column\n\nRevision ID: abc\nRevises: aaa\nCreate Date: 2024-02-03 04:05:06.789000\n\n"""\n'
    b"from alembic import op\n\nrevision: str = 'abc'\ndown_revision = ('aaa', 'bbb')\n"
    b"branch_labels = None\ndepends_on = ['x']\n\n\ndef upgrade():\n    op.execute('select 1')\n"
)
PIECES = [
    b'"""', b"'", b'"', b"(", b")", b"[", b"\\", b"\n", b"\r", b"\x00", b"\xff", b"=", b":", b"def ", b"\ndef ", b"#",
    b"revision = ", b"depends_on += ", b"lambda: ", b"*", b"if x:\n ", b"async ", b"\xef\xbb\xbf", b"# coding: utf-7\n",
    b"# coding: rot13\n", b"f'{", b"}", b"@", b"\t", b";", b"None", b"Create Date: ", b"\x0c", b"print 1\n",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence")

mutations = st.lists(
    st.tuples(st.integers(0, len(TEMPLATE)), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=4)),
    max_size=8,
)


def is_an_answer(found: FileReading) -> bool:
    return (found.record is None) != (found.unreadable is None)


@settings(max_examples=700, deadline=500)
@given(mutations)
def test_mutated_files_give_a_record_or_a_reason(changes: list[tuple[int, int, bytes]]) -> None:
    content = TEMPLATE
    for start, length, piece in changes:
        content = content[:start] + piece + content[start + length :]

    found = read_revision_file("versions/abc_x.py", content)
    find_syntax_error(content)

    assert is_an_answer(found)
    if found.record is not None:
        assert isinstance(found.record.revision, str)
        assert all(isinstance(name, str) for name in found.record.down_revision + found.record.depends_on)


@settings(max_examples=300, deadline=500)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_record_or_a_reason(content: bytes) -> None:
    assert is_an_answer(read_revision_file("versions/abc_x.py", content))


MONSTERS = {
    "deep brackets": b"revision = " + b"(" * 50_000 + b")" * 50_000,
    "deep lists": b"revision = 'a'\ndown_revision = " + b"[" * 150 + b"]" * 150,
    "long sum": b"revision = " + b"'a' + " * 20_000 + b"'a'\ndown_revision = None\n",
    "middling sum": b"revision = " + b"'a' + " * 700 + b"'a'\ndown_revision = None\n",
    "long attribute": b"revision = 'a'\ndown_revision = a" + b".a" * 20_000,
    "many assignments": b"revision = 'a'\n" * 30_000 + b"print 1\n",
    "many open quotes": b"revision = '''" + b"'''" * 50_000,
    "long comment lines": b"#" * 300_000 + b"\n" + TEMPLATE,
    "blank lines before no docstring": b" \n" * 200_000 + b"# x\n" * 50_000 + b"print 1\n",
    "one long line": b"x = " + b"1," * 100_000 + b"\n" + TEMPLATE,
    "unclosed bracket": b"print 1\nrevision = (" + b"'a'," * 50_000,
    "endless create dates": b'"""' + b"Create Date: 1\n" * 50_000 + b'"""\n' + TEMPLATE,
    "spaces": b"revision" + b" " * 500_000 + b"= 'a'\ndown_revision = None\nprint 1\n",
    "larger than any revision": b"#" * (33 * 1024 * 1024),
    "large and in need of a whole parse": b"x = (" + b"1,\n" * 1_000_000 + b")\n" + TEMPLATE,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_monsters_are_read_in_bounded_time_and_memory(name: str) -> None:
    tracemalloc.start()
    begun = time.process_time()

    found = read_revision_file("versions/abc_x.py", MONSTERS[name])

    taken = time.process_time() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert is_an_answer(found)
    assert taken < 15
    assert peak < 400 * 1024 * 1024


ORDERLY = TEMPLATE.replace(b"('aaa', 'bbb')", b"'aaa'").replace(b"['x']", b"None")


@settings(max_examples=700, deadline=500)
@given(mutations)
def test_the_plain_header_says_what_the_parser_says(changes: list[tuple[int, int, bytes]]) -> None:
    content = ORDERLY
    for start, length, piece in changes:
        content = content[:start] + piece + content[start + length :]
    header = decode(content)
    plain = read_plain_header(header[: header.find("\ndef ") + 1])
    if plain is None:
        return

    module = ast.parse(header[: header.find("\ndef ") + 1])

    assignments, docstring = plain
    parsed = Assignments().follow(module.body)
    assert (assignments.values, assignments.lines) == (parsed.values, parsed.lines)
    assert docstring == ast.get_docstring(module, clean=False)


@pytest.mark.parametrize(
    "source", [ORDERLY, ORDERLY.replace(b"from alembic import op", b"import a.b as c, d\nimport e")]
)
def test_the_plain_header_knows_the_template(source: bytes) -> None:
    header = source.decode()

    assert read_plain_header(header[: header.find("\ndef ") + 1]) is not None


@pytest.mark.parametrize(
    "change",
    [
        (b"from alembic import op", b"from settings import depends_on"),
        (b"from alembic import op", b"import x as revision"),
        (b"from alembic import op", b"if x: pass"),
        (b"'aaa'", b"'aaa' + x"),
        (b"'aaa'", b"'\\x41'"),
        (b"'aaa'", b"'aaa', 'bbb'"),
        (b"'aaa'", b"other"),
        (b"branch_labels = None\n", b"branch_labels = None; revision = 'x'\n"),
        (b'"""Add', b'x = """Add'),
        (b"\n", b"\r\n"),
    ],
)
def test_the_plain_header_leaves_everything_else_to_the_parser(change: tuple[bytes, bytes]) -> None:
    header = ORDERLY.replace(*change).decode()

    assert read_plain_header(header[: header.find("\ndef ") + 1]) is None
