"""Name the roles of members

Adds the role `billing`. Early accounts hold `administrator`, which means `admin`.

Revision ID: 94e0c6d83b5f
Revises: 0d7f5b2ea493
Create Date: 2026-10-13 12:26:54.038817

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "94e0c6d83b5f"
down_revision: str | Sequence[str] | None = "0d7f5b2ea493"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("UPDATE memberships SET role = 'admin' WHERE role = 'administrator'")
    with op.batch_alter_table("memberships") as batch:
        batch.alter_column(
            "role", existing_type=sa.String(20), existing_nullable=False, server_default="member"
        )
        batch.create_check_constraint(
            op.f("ck_memberships_role"), "role IN ('owner', 'admin', 'member', 'billing')"
        )


def downgrade() -> None:
    with op.batch_alter_table("memberships") as batch:
        batch.drop_constraint(op.f("ck_memberships_role"), type_="check")
        batch.alter_column("role", existing_type=sa.String(20), existing_nullable=False, server_default=None)
    op.execute("UPDATE memberships SET role = 'member' WHERE role = 'billing'")
