"""Keep a total on orders

Lists of orders summed the lines of every order shown. Existing orders get theirs from their lines.

Revision ID: 52c8e1b94f07
Revises: a7f3065c2d9b
Create Date: 2026-09-25 15:47:26.883941

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "52c8e1b94f07"
down_revision: str | Sequence[str] | None = "a7f3065c2d9b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("total_minor", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        """
        UPDATE orders SET total_minor = (
            SELECT COALESCE(SUM(order_lines.quantity * order_lines.unit_price_minor), 0)
            FROM order_lines WHERE order_lines.order_id = orders.id
        )
        """
    )


def downgrade() -> None:
    op.drop_column("orders", "total_minor")
