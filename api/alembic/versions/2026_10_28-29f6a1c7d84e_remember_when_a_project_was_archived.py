"""Remember when a project was archived

For the projects archived already the time is not known: they get the time of this revision.

Revision ID: 29f6a1c7d84e
Revises: e3b8d4097c6a
Create Date: 2026-10-28 09:37:05.241863

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "29f6a1c7d84e"
down_revision: str | Sequence[str] | None = "e3b8d4097c6a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE projects SET archived_at = CURRENT_TIMESTAMP WHERE status = 'archived'")


def downgrade() -> None:
    op.drop_column("projects", "archived_at")
