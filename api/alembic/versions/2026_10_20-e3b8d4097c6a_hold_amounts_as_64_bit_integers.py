"""Hold amounts as 64-bit integers

An order in yen came within a factor of two of what 32 bits hold. PostgreSQL rewrites the three tables; a
downgrade fails while an amount is too large for 32 bits.

Revision ID: e3b8d4097c6a
Revises: 7ac25e18f6b0
Create Date: 2026-10-20 14:13:41.697250

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e3b8d4097c6a"
down_revision: str | Sequence[str] | None = "7ac25e18f6b0"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


AMOUNTS = (
    ("orders", "total_minor", "0"),
    ("invoices", "total_minor", None),
    ("payments", "amount_minor", None),
)


def upgrade() -> None:
    for table, column, default in AMOUNTS:
        change_type(table, column, default, sa.Integer(), sa.BigInteger())


def downgrade() -> None:
    for table, column, default in reversed(AMOUNTS):
        change_type(table, column, default, sa.BigInteger(), sa.Integer())


def change_type(
    table: str, column: str, default: str | None, old: sa.types.TypeEngine[int], new: sa.types.TypeEngine[int]
) -> None:
    with op.batch_alter_table(table) as batch:
        batch.alter_column(
            column, existing_type=old, type_=new, existing_nullable=False, existing_server_default=default
        )
