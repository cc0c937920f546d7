"""Check orders and their lines

SQLite cannot add a constraint to a table: batch mode copies the tables there.

Revision ID: d08a6f3b7e21
Revises: 52c8e1b94f07
Create Date: 2026-10-01 08:55:12.470265

"""

from collections.abc import Sequence

from alembic import op

revision: str = "d08a6f3b7e21"
down_revision: str | Sequence[str] | None = "52c8e1b94f07"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.create_check_constraint(
            op.f("ck_orders_status"), "status IN ('draft', 'placed', 'shipped', 'cancelled')"
        )
    with op.batch_alter_table("order_lines") as batch:
        batch.create_check_constraint(op.f("ck_order_lines_quantity_positive"), "quantity > 0")
        batch.create_check_constraint(op.f("ck_order_lines_unit_price_not_negative"), "unit_price_minor >= 0")


def downgrade() -> None:
    with op.batch_alter_table("order_lines") as batch:
        batch.drop_constraint(op.f("ck_order_lines_unit_price_not_negative"), type_="check")
        batch.drop_constraint(op.f("ck_order_lines_quantity_positive"), type_="check")
    with op.batch_alter_table("orders") as batch:
        batch.drop_constraint(op.f("ck_orders_status"), type_="check")
