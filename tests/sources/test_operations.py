"""What upgrade() touches, read from its syntax tree: every operation of Alembic, plain SQL, and what is not understood."""

from __future__ import annotations

import textwrap

import pytest

from dashboard.revisions.touches import RevisionTouches
from dashboard.sources.operations import read_operations
from dashboard.sources.touched_by_sql import read_sql_touches


def read(body: str, before: str = "") -> RevisionTouches:
    """Of an upgrade() with this body."""
    head = "from alembic import op\nimport sqlalchemy as sa\n"
    return read_operations(
        "r", f"{head}{textwrap.dedent(before)}\ndef upgrade():\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    )


def touched(body: str, before: str = "") -> list[tuple[str, str, list[str]]]:
    """Table, kind and columns of each operation; nothing may be unclear."""
    found = read(body, before)
    assert found.unclear == ()
    return [(touch.table, touch.kind.value, sorted(touch.columns)) for touch in found.touches]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("op.create_table('t', sa.Column('id', sa.Integer))", ("t", "create", [])),
        ("op.create_table('t', schema='s')", ("s.t", "create", [])),
        ("op.drop_table('t', schema='public')", ("t", "drop", [])),
        ("op.add_column('t', sa.Column('c', sa.Text))", ("t", "add", ["c"])),
        ("op.add_column(table_name='t', column=sa.Column(name='c', type_=sa.Text))", ("t", "add", ["c"])),
        ("op.drop_column('t', 'c')", ("t", "remove", ["c"])),
        ("op.alter_column('t', 'c', new_column_name='d')", ("t", "alter", ["c", "d"])),
        ("op.create_index('ix', 't', ['a', 'b'], unique=True)", ("t", "index", ["a", "b"])),
        ("op.create_index(op.f('ix'), 't', [sa.text('lower(a)')])", ("t", "index", [])),
        ("op.drop_index('ix', table_name='t')", ("t", "index", [])),
        ("op.create_unique_constraint('uq', 't', ['a'])", ("t", "constraint", ["a"])),
        ("op.create_check_constraint('ck', 't', 'a > 0')", ("t", "constraint", [])),
        ("op.drop_constraint('ck', 't', type_='check')", ("t", "constraint", [])),
        ("op.execute('UPDATE t SET a = 1')", ("t", "data", [])),
        ("op.execute(sa.text('DELETE FROM t'))", ("t", "data", [])),
        ("op.get_bind().execute(sa.text('INSERT INTO t VALUES (1)'))", ("t", "data", [])),
    ],
)
def test_an_operation_names_its_table_and_columns(body: str, expected: tuple[str, str, list[str]]) -> None:
    assert touched(body) == [expected]


def test_a_foreign_key_touches_one_table_and_refers_to_another() -> None:
    assert touched("op.create_foreign_key('fk', 'orders', 'users', ['user_id'], ['id'])") == [
        ("orders", "constraint", ["user_id"]),
        ("users", "read", []),
    ]


def test_a_renamed_table_is_touched_under_both_names() -> None:
    assert touched("op.rename_table('a', 'b')") == [("a", "rename", []), ("b", "create", [])]


def test_batch_operations_are_those_of_their_table() -> None:
    body = """
        with op.batch_alter_table("t", schema="s") as batch:
            batch.add_column(sa.Column("c", sa.Text))
            batch.drop_column("d")
            batch.create_index("ix", ["e"])
            batch.create_foreign_key("fk", "users", ["f"], ["id"])
    """

    assert touched(body) == [
        ("s.t", "add", ["c"]),
        ("s.t", "remove", ["d"]),
        ("s.t", "index", ["e"]),
        ("s.t", "constraint", ["f"]),
        ("users", "read", []),
    ]


def test_loops_over_plain_texts_branches_and_own_functions_are_followed() -> None:
    before = """
        TABLE = "t"
        def fill(name):
            op.execute("UPDATE u SET a = 1")
    """
    body = """
        for table, column in (("x", "a"), ("y", "b")):
            op.drop_column(table, column)
        if op.get_bind().dialect.name == "postgresql":
            op.drop_table(TABLE)
        fill("u")
    """

    assert touched(body, before) == [
        ("x", "remove", ["a"]),
        ("y", "remove", ["b"]),
        ("t", "drop", []),
        ("u", "data", []),
    ]


def test_expressions_touch_the_tables_that_they_name() -> None:
    before = "orders = sa.table('orders', sa.column('id'))"
    body = """
        op.bulk_insert(orders, [{"id": 1}])
        op.get_bind().execute(orders.update().where(orders.c.id == 1).values(id=2))
    """

    assert touched(body, before) == [("orders", "data", [])] * 2


@pytest.mark.parametrize(
    "body",
    [
        "helper(op)",
        "op.drop_table(name)",
        "op.execute(f'UPDATE {name} SET a = 1')",
        "op.execute('DO $$ BEGIN END $$')",
        "op.execute('SELECT archive(7)')",
        "session.query(User).delete()",
        "op.drop_index('ix')",
    ],
)
def test_what_is_not_understood_is_told_with_its_line(body: str) -> None:
    found = read(body)

    assert found.touches == ()
    assert [note.line for note in found.unclear] == [5]


def test_plain_python_is_no_operation() -> None:
    assert read("names = sorted({'a', 'b'})\nprint(', '.join(names))\nitems = []\nitems.append(len(names))") == (
        RevisionTouches("r", (), ())
    )


@pytest.mark.parametrize("source", ["def upgrade(:", "x = 1", "\0"])
def test_a_file_that_cannot_be_understood_says_so(source: str) -> None:
    found = read_operations("r", source)

    assert found.touches == () and len(found.unclear) == 1


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('ALTER TABLE "Order Lines" ADD x int', [("Order Lines", "alter")]),
        ("alter table only Public.Orders rename to o", [("orders", "rename")]),
        ("UPDATE a SET x = b.y FROM b JOIN c ON true", [("a", "data"), ("b", "read"), ("c", "read")]),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON s.t (a)", [("s.t", "index")]),
        ("TRUNCATE TABLE t", [("t", "data")]),
        ("CREATE TABLE t (a int); DROP TABLE u", [("t", "create"), ("u", "drop")]),
        ("-- UPDATE x\nSELECT id FROM t", [("t", "read")]),
        ("INSERT INTO t VALUES ('DROP TABLE x; FROM y')", [("t", "data")]),
        ("SET lock_timeout = '1s'; CREATE EXTENSION citext", []),
    ],
)
def test_sql_is_read_where_it_is_plain(sql: str, tables: list[tuple[str, str]]) -> None:
    found = read_sql_touches(sql)

    assert found.unclear == ()
    assert [(table, kind.value) for table, kind, _ in found.touched] == tables


@pytest.mark.parametrize(
    "sql", ["VACUUM FULL t", "WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", "CALL p()", "SELECT f()"]
)
def test_other_sql_is_said_to_be_unclear(sql: str) -> None:
    assert read_sql_touches(sql).unclear == (sql,)
