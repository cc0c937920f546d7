"""What reverting a revision would take away, read from its downgrade() without running it."""

from __future__ import annotations

import textwrap

import pytest

from dashboard.revisions.losses import DowngradeKind, DowngradeReading
from dashboard.sources.downgrade_function import read_downgrade
from dashboard.sources.dropped_by_sql import read_drops


def read(body: str, before: str = "", upgrade: str = 'op.create_table("t")') -> DowngradeReading:
    source = (
        f"import sqlalchemy as sa\nfrom alembic import op\n{textwrap.dedent(before)}\n"
        f"def upgrade():\n{textwrap.indent(textwrap.dedent(upgrade), '    ')}\n\n"
        f"def downgrade():\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    )
    return read_downgrade("r1", source)


def places(reading: DowngradeReading) -> list[str]:
    return [".".join(filter(None, loss.place)) for loss in reading.losses]


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ('op.drop_table("orders")', ["orders"]),
        ('op.drop_table(table_name="orders", schema="shop")', ["shop.orders"]),
        ('op.drop_table(op.f("orders"), schema=None)', ["orders"]),
        ('op.drop_column("orders", "total")', ["orders.total"]),
        ('op.drop_column(table_name="orders", column_name="total", schema="shop")', ["shop.orders.total"]),
        ('with op.batch_alter_table("orders") as batch:\n    batch.drop_column("total")', ["orders.total"]),
        (
            'with op.batch_alter_table("orders", schema="shop") as b:\n    b.drop_index("i")\n    b.drop_column("x")',
            ["shop.orders.x"],
        ),
        ('for name in ("a", "b"):\n    op.drop_table(name)', ["a", "b"]),
        ("op.drop_table(TABLE)", ["orders"]),
        ('table = "lines"\nop.drop_table(table)', ["lines"]),
        ("_drop()", ["hidden"]),
        (
            'if op.get_bind().dialect.name == "sqlite":\n    op.drop_table("a")\nelse:\n    op.drop_table("b")',
            ["a", "b"],
        ),
        ('try:\n    op.drop_table("a")\nexcept Exception:\n    op.drop_column("b", "c")', ["a", "b.c"]),
        ('op.execute("DROP TABLE IF EXISTS shop.orders CASCADE")', ["shop.orders"]),
        (
            'op.execute(sa.text("ALTER TABLE orders DROP COLUMN total, DROP COLUMN tax"))',
            ["orders.total", "orders.tax"],
        ),
        ('with op.get_context().autocommit_block():\n    op.drop_index("i")', []),
        ('op.drop_index("i")\nop.drop_constraint("c", "t")\nop.create_table("u", sa.Column("id", sa.Integer))', []),
        ('sa.Enum(name="kind").drop(op.get_bind(), checkfirst=True)', []),
    ],
)
def test_it_names_the_tables_and_columns_that_would_go(body: str, lost: list[str]) -> None:
    reading = read(body, before='TABLE = "orders"\n\ndef _drop():\n    op.drop_table("hidden")\n')

    assert reading.kind is DowngradeKind.FOUND
    assert places(reading) == lost and reading.notes == ()


@pytest.mark.parametrize(
    "body",
    [
        "op.drop_table(name_of_it())",
        'op.drop_column(f"{prefix}_orders", "x")',
        'op.execute(f"DROP TABLE {name}")',
        'op.execute("DELETE FROM orders")',
        'op.execute("UPDATE orders SET x = 1")',
        'op.execute("TRUNCATE orders")',
        "connection = op.get_bind()\nconnection.execute(sa.delete(orders))",
        "helpers.revert_everything(op)",
        "session.query(User).delete()",
        "for name in names:\n    op.drop_table(name)",
        'op.alter_column("orders", "total", type_=sa.Integer())',
    ],
)
def test_what_cannot_be_read_is_said_to_be_not_understood_with_its_line(body: str) -> None:
    reading = read(body)

    assert places(reading) == []
    assert reading.notes and all(note.line > 0 for note in reading.notes)
    assert all(
        note.text.startswith(("not understood: ", "the type of a column changes back")) for note in reading.notes
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("pass", DowngradeKind.EMPTY),
        ('"""Nothing to do."""', DowngradeKind.EMPTY),
        ("...", DowngradeKind.EMPTY),
        ("return None", DowngradeKind.EMPTY),
        ("raise NotImplementedError", DowngradeKind.RAISES),
        ('"""No way back."""\nraise RuntimeError("irreversible")', DowngradeKind.RAISES),
        ('if True:\n    raise RuntimeError("no")\nop.drop_table("t")', DowngradeKind.FOUND),
    ],
)
def test_it_tells_empty_and_raising_downgrades(body: str, kind: DowngradeKind) -> None:
    assert read(body).kind is kind


def test_a_missing_downgrade_is_told_and_an_imported_one_is_not_guessed() -> None:
    upgrade = "def upgrade():\n    pass\n"

    assert read_downgrade("r1", upgrade).kind is DowngradeKind.MISSING
    assert read_downgrade("r1", f"from shared import downgrade\n{upgrade}").notes[0].text.startswith("not understood")
    assert read_downgrade("r1", f"{upgrade}downgrade = upgrade\n").kind is DowngradeKind.FOUND


def test_a_merge_point_has_nothing_to_revert() -> None:
    reading = read("pass", upgrade="pass")

    assert reading.kind is DowngradeKind.EMPTY and reading.upgrade_is_empty


@pytest.mark.parametrize(
    ("sql", "dropped"),
    [
        ('drop table A, "B c"', [("", "a", ""), ("", "B c", "")]),
        ("ALTER TABLE ONLY s.t DROP COLUMN IF EXISTS x CASCADE", [("s", "t", "x")]),
        ("ALTER TABLE t DROP x", [("", "t", "x")]),
        ("ALTER TABLE t DROP CONSTRAINT c, ADD COLUMN y int", []),
        ("-- first\nDROP TABLE a; /* and */ DROP TABLE b;", [("", "a", ""), ("", "b", "")]),
        ("DROP INDEX i; DROP TYPE kind", []),
    ],
)
def test_plain_sql_is_understood(sql: str, dropped: list[tuple[str, str, str]]) -> None:
    reading = read_drops(sql)

    assert list(reading.dropped) == dropped and reading.unclear == ()


@pytest.mark.parametrize(
    "sql", ["DO $$ BEGIN DROP TABLE a; END $$", "DELETE FROM a", "SELECT 1; DELETE FROM a WHERE b = ';'"]
)
def test_other_sql_is_left_to_a_person(sql: str) -> None:
    assert read_drops(sql).unclear
