"""Index the orders of a project by time

On PostgreSQL the index is built concurrently, outside of the transaction, so that orders can
be placed meanwhile.

Revision ID: da639b5c1f48
Revises: 4c80f2e6b9d7
Create Date: 2026-11-16 08:29:33.580912

"""

from collections.abc import Sequence

from alembic import op

revision: str = "da639b5c1f48"
down_revision: str | Sequence[str] | None = "4c80f2e6b9d7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


NAME = "ix_orders_project_id_placed_at"
COLUMNS = ["project_id", "placed_at"]


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        op.create_index(op.f(NAME), "orders", COLUMNS)
        return
    with op.get_context().autocommit_block():
        # A cancelled build leaves an invalid index of this name behind.
        op.drop_index(op.f(NAME), table_name="orders", if_exists=True, postgresql_concurrently=True)
        op.create_index(op.f(NAME), "orders", COLUMNS, postgresql_concurrently=True)


def downgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(op.f(NAME), table_name="orders")
        return
    with op.get_context().autocommit_block():
        op.drop_index(op.f(NAME), table_name="orders", if_exists=True, postgresql_concurrently=True)
