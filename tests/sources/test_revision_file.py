"""Every idiom of real revision files is read without running it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.revisions.records import ProblemKind, RevisionRecord
from dashboard.sources.revision_file import FileReading, find_syntax_error, read_revision_file

BODY = "\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


def reading(text: str | bytes, name: str = "versions/abc_add_a_column.py") -> FileReading:
    return read_revision_file(name, text if isinstance(text, bytes) else text.encode())


def read(text: str | bytes, name: str = "versions/abc_add_a_column.py") -> RevisionRecord:
    found = reading(text, name)
    assert found.record is not None, found.unreadable
    return found.record


def four(**values: str) -> str:
    written = {"revision": '"abc"', "down_revision": "None", **values}
    return "\n".join(f"{name} = {value}" for name, value in written.items()) + BODY


def test_alembics_own_template_is_read() -> None:
    record = read(
        '"""Add a column\n\nRevision ID: abc\nRevises: aaa\nCreate Date: 2024-02-03 04:05:06.789000\n\n"""\n'
        "from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n\n"
        "# revision identifiers, used by Alembic.\n"
        'revision: str = "abc"\n'
        'down_revision: Union[str, Sequence[str], None] = "aaa"\n'
        "branch_labels: Union[str, Sequence[str], None] = None\n"
        "depends_on: Union[str, Sequence[str], None] = None\n" + BODY
    )

    assert (record.revision, record.down_revision) == ("abc", ("aaa",))
    assert (record.branch_labels, record.depends_on, record.set_by_code) == ((), (), ())
    assert record.message == "Add a column"
    assert record.created_at == datetime(2024, 2, 3, 4, 5, 6, 789000, UTC)
    assert record.line_of("revision") == 15
    assert record.line_of("down_revision") == 16
    assert len(record.sha256) == 64


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("None", ()),
        ("'aaa'", ("aaa",)),
        ('"aaa"', ("aaa",)),
        ("('aaa',)", ("aaa",)),
        ("('aaa', 'bbb')", ("aaa", "bbb")),
        ("'aaa', 'bbb'", ("aaa", "bbb")),
        ("['aaa', 'bbb']", ("aaa", "bbb")),
        ("('a', 'b', 'c', 'd', 'e', 'f', 'g')", tuple("abcdefg")),
        ("()", ()),
        ("[]", ()),
        ("(None,)", ()),
        ("(\n    'aaa',\n    'bbb',\n)", ("aaa", "bbb")),
        ("'a' 'aa'", ("aaa",)),
        ("('aaa')", ("aaa",)),
        ("u'aaa'", ("aaa",)),
        ("r'aaa'", ("aaa",)),
        ("'v3.0.0.a'", ("v3.0.0.a",)),
        ("'0560_add_nhs_notify_org'", ("0560_add_nhs_notify_org",)),
        ("'aaa'  # the first one", ("aaa",)),
        ("'aaa' + '1'", ("aaa1",)),
        ("('aaa',) + ('bbb',)", ("aaa", "bbb")),
    ],
)
def test_down_revision_takes_every_literal_form(written: str, expected: tuple[str, ...]) -> None:
    assert read(four(down_revision=written)).down_revision == expected


@pytest.mark.parametrize("annotation", ["str", "Union[str, None]", "Union[str, Sequence[str], None]", "str | None"])
def test_annotations_do_not_matter(annotation: str) -> None:
    record = read(f'revision: {annotation} = "abc"\ndown_revision: {annotation} = "aaa"\n{BODY}')

    assert (record.revision, record.down_revision) == ("abc", ("aaa",))


def test_an_annotation_without_a_value_assigns_nothing() -> None:
    record = read('revision: str\nrevision = "abc"\ndown_revision = None\ndepends_on: str\n' + BODY)

    assert record.revision == "abc"
    assert record.depends_on == ()


@pytest.mark.parametrize(
    ("written", "expected"), [("''", ()), ("()", ()), ("None", ()), ("'x'", ("x",)), ("['x', 'y']", ("x", "y"))]
)
def test_depends_on_may_be_empty_text(written: str, expected: tuple[str, ...]) -> None:
    assert read(four(depends_on=written)).depends_on == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("None", ()), ("()", ()), ("('a', 'b')", ("a", "b")), ("'None'", ("None",))]
)
def test_branch_labels_may_be_empty_or_the_text_none(written: str, expected: tuple[str, ...]) -> None:
    assert read(four(branch_labels=written)).branch_labels == expected


@pytest.mark.parametrize("later", ['depends_on = ("y",)\n', 'if 1:\n    pass\n\n\ndepends_on = ("y",)\n'])
def test_a_name_assigned_twice_has_its_last_value(later: str) -> None:
    assert read(four(depends_on="('x',)") + later).depends_on == ("y",)


def test_a_name_may_refer_to_an_earlier_literal() -> None:
    record = read(
        '_id = "abc"\n_before = ["aaa"]\nrevision = _id\ndown_revision = _before\ndepends_on = revision' + BODY
    )

    assert (record.revision, record.down_revision, record.depends_on) == ("abc", ("aaa",), ("abc",))


def test_several_names_on_one_line_are_read() -> None:
    record = read('revision, down_revision = "abc", "aaa"\nbranch_labels = depends_on = None' + BODY)

    assert (record.revision, record.down_revision) == ("abc", ("aaa",))


@pytest.mark.parametrize(
    "code",
    [
        "depends_on = [compute()]",
        "depends_on = cli.DEPENDENCIES",
        "depends_on = ('a', other)",
        "depends_on = []\ntry:\n    import extra\n    depends_on += ['x']\nexcept ImportError:\n    pass",
        "depends_on = []\ndepends_on.append('x')",
        "more = []\ndepends_on = more\nmore.extend(['x'])",
        "depends_on = ['x']\nif True:\n    depends_on = None",
        "depends_on = ['x']\ndel depends_on",
        "depends_on = ['x']\ndepends_on[0] = 'y'",
        "from settings import depends_on",
        "import names as depends_on",
        "for depends_on in ('a', 'b'):\n    pass",
        "with open('x') as depends_on:\n    pass",
        "depends_on = None if flag else 'x'",
        "depends_on = f'{x}'",
        "depends_on, x = pair()",
        "depends_on = ('a', None)",
        "depends_on = 12",
    ],
)
@pytest.mark.parametrize("place", ["header", "end"])
def test_what_only_running_would_tell_is_called_set_by_code(code: str, place: str) -> None:
    text = f"{code}\n{four()}" if place == "header" else f"{four()}\n{code}\n"

    found = reading(text)

    assert found.record is not None
    assert found.record.set_by_code == ("depends_on",)
    assert found.record.depends_on == ()
    (problem,) = found.problems
    assert problem.kind is ProblemKind.SET_BY_CODE
    assert problem.line
    assert problem.hint


def test_labels_by_attribute_are_set_by_code() -> None:
    record = read(four(branch_labels="(cli.EXPAND_BRANCH,)"))

    assert record.set_by_code == ("branch_labels",)
    assert record.branch_labels == ()


def test_a_literal_may_be_added_to() -> None:
    assert read("depends_on = ['x']\ndepends_on += ['y']\n" + four()).depends_on == ("x", "y")


@pytest.mark.parametrize("inside", ["def helper():\n    revision = 'no'\n", "class A:\n    revision = 'no'\n"])
def test_names_inside_functions_and_classes_are_not_the_modules(inside: str) -> None:
    assert read(f"{inside}\n{four()}").revision == "abc"
    assert read(f"{four()}\n{inside}").revision == "abc"


def test_a_file_that_this_python_cannot_parse_is_read_by_its_assignments() -> None:
    found = reading(
        '"""an old one\n\nCreate Date: 2013-01-02 03:04:05\n"""\n'
        "revision = 'abc'\ndown_revision = ('aaa',\n                 'bbb')\n"
        "depends_on = None  # nothing\n\ndef upgrade():\n    print 'hello'\n"
        "\ndef downgrade():\n    revision = 'inner'\n"
    )

    assert found.record is not None
    assert (found.record.revision, found.record.down_revision) == ("abc", ("aaa", "bbb"))
    assert found.record.message == "an old one"
    assert found.record.line_of("down_revision") == 6
    (problem,) = found.problems
    assert problem.kind is ProblemKind.UNREADABLE
    assert problem.line == 11


def test_a_syntax_error_behind_the_header_is_found_when_asked_for() -> None:
    text = four() + "\ndef broken(:\n    pass\n"

    assert read(text).revision == "abc"
    found = find_syntax_error(text.encode())
    assert found is not None
    assert found[0] == 11
    assert find_syntax_error(four().encode()) is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\n", None, "no variable `revision`"),
        ("", None, "no variable `revision`"),
        ('revision = "abc"\n', None, "no variable `down_revision`"),
        ('\nrevision = make()\ndown_revision = "a"\n', 2, "set by code"),
        ('revision = "abc"\ndown_revision = make()\n', 2, "set by code"),
        ('revision = 12\ndown_revision = "a"\n', 1, "no text"),
        ('revision = ""\ndown_revision = "a"\n', 1, "no text"),
        ('revision = "abc"\ndown_revision = ("a", None)\n', 2, "nor text"),
        ("print 'no revision here'\n", 1, "cannot parse"),
    ],
)
def test_a_file_without_a_revision_is_told_with_its_line(text: str, line: int | None, said: str) -> None:
    found = reading(text)

    assert found.record is None
    assert found.unreadable is not None
    assert found.unreadable.line == line
    assert said in found.unreadable.reason


def test_a_very_old_file_has_its_id_in_its_name() -> None:
    assert read("down_revision = None\n", "versions/1a2b3c.py").revision == "1a2b3c"


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf"""Caf\xc3\xa9"""\r\nrevision = "abc"\r\ndown_revision = None\r\n',
        b'# -*- coding: latin-1 -*-\n"""Caf\xe9"""\nrevision = "abc"\ndown_revision = None\n',
        b'#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n"""Caf\xe9"""\nrevision = "abc"\ndown_revision = None\n',
        b'"""Caf\xc3\xa9"""\r\nrevision = "abc"\r\ndown_revision = None\r\n',
        b'"""Caf\xc3\xa9"""\rrevision = "abc"\rdown_revision = None\r',
    ],
)
def test_encodings_and_line_ends_do_not_matter(content: bytes) -> None:
    record = read(content)

    assert (record.revision, record.down_revision, record.message) == ("abc", (), "Café")


def test_bytes_that_fit_no_encoding_cost_only_themselves() -> None:
    record = read(b'"""Caf\xe9"""\nrevision = "abc"\ndown_revision = None\n')

    assert record.revision == "abc"
    assert record.message == "Caf\ufffd"


def test_an_unknown_encoding_and_a_nul_do_not_stop_the_reader() -> None:
    assert read(b'# coding: klingon\nrevision = "abc"\ndown_revision = None\n').revision == "abc"
    assert read(b'revision = "abc"\ndown_revision = None\n\x00\n').revision == "abc"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ('"""one\n\ntwo"""\n', "x_slug.py", "one"),
        ('"""\none\ntwo\n\nthree"""\n', "x_slug.py", "one\ntwo"),
        ('"""<script>alert(1)</script>"""\n', "x.py", "<script>alert(1)</script>"),
        ('"""Revision ID: abc\nRevises: aaa\n"""\n', "abc_add_a_table.py", "add a table"),
        ('import os\n"""later\n\nRevision ID: abc"""\n', "abc_slug.py", "later"),
        ("", "versions/abc_add_a_table.py", "add a table"),
        ("", "2024_01_02_0304-abc_add_a_table.py", "2024 01 02 0304- add a table"),
        ("", "abc.py", "abc"),
        ("", "other_name.py", "other name"),
        ('"""def upgrade():\n\ndef x():\n"""\n', "abc.py", "def upgrade():"),
        ('r"""a \\d column"""\n', "abc.py", "a \\d column"),
        ('""" """\n', "abc_slug.py", "slug"),
    ],
)
def test_the_message_is_alembics_or_the_next_best(text: str, name: str, message: str) -> None:
    assert read(text + four(), name).message == message


def test_the_docstrings_revises_is_not_believed() -> None:
    assert read('"""x\n\nRevises: zzz\n"""\n' + four(down_revision="'aaa'")).down_revision == ("aaa",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-11-09 11:46:23.123456", datetime(2015, 11, 9, 11, 46, 23, 123456, UTC)),
        ("2015-11-09 11:46:23", datetime(2015, 11, 9, 11, 46, 23, tzinfo=UTC)),
        ("2015-11-09", datetime(2015, 11, 9, tzinfo=UTC)),
        ("2015-11-09 11:46", datetime(2015, 11, 9, 11, 46, tzinfo=UTC)),
        ("2015-11-09T11:46:23Z", datetime(2015, 11, 9, 11, 46, 23, tzinfo=UTC)),
        ("2015-11-09 11:46:23.5+02:00", datetime(2015, 11, 9, 11, 46, 23, 500000, timezone(timedelta(hours=2)))),
        ("2015-11-09 11:46:23 UTC", datetime(2015, 11, 9, 11, 46, 23, tzinfo=UTC)),
        ("Mon Nov 9 11:46:23 2015", datetime(2015, 11, 9, 11, 46, 23, tzinfo=UTC)),
        ("Mon, 09 Nov 2015 11:46:23 +0100", datetime(2015, 11, 9, 11, 46, 23, tzinfo=timezone(timedelta(hours=1)))),
        ("2015/11/09 11:46:23", datetime(2015, 11, 9, 11, 46, 23, tzinfo=UTC)),
        ("9 November 2015", datetime(2015, 11, 9, tzinfo=UTC)),
        ("2024-..-XX XX:XX", None),
        ("9999-9--99", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_create_date_is_parsed_leniently_and_kept_raw(text: str, expected: datetime | None) -> None:
    record = read(f'"""m\n\nRevision ID: abc\nCreate Date: {text}\n"""\n' + four())

    assert record.create_date == text
    assert record.created_at == expected


def test_the_hash_is_of_the_bytes() -> None:
    assert read(four()).sha256 != read(four().replace("\n", "\r\n")).sha256
