"""Let orders say when they are needed

And how urgent they are: 0 is normal, 1 before others, 2 today.

Revision ID: 87d1e0a4c36f
Revises: da639b5c1f48
Create Date: 2026-11-20 15:16:52.449137

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "87d1e0a4c36f"
down_revision: str | Sequence[str] | None = "da639b5c1f48"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("required_by", sa.Date(), nullable=True))
    op.add_column("orders", sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("orders", "priority")
    op.drop_column("orders", "required_by")
