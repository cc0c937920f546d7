"""Merge billing and access

Revision ID: 7ac25e18f6b0
Revises: f19c3a85e0d4, 94e0c6d83b5f
Create Date: 2026-10-15 10:44:17.365029

"""

from collections.abc import Sequence

revision: str = "7ac25e18f6b0"
down_revision: str | Sequence[str] | None = ("f19c3a85e0d4", "94e0c6d83b5f")
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
