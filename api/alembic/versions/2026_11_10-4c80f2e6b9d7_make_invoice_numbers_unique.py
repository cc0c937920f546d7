"""Make invoice numbers unique within an organisation

Fails, and changes nothing, where an organisation has a number twice: which of the invoices is right
is for the accountants to say.

Revision ID: 4c80f2e6b9d7
Revises: b5e17d3f9a02
Create Date: 2026-11-10 11:50:08.137694

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

revision: str = "4c80f2e6b9d7"
down_revision: str | Sequence[str] | None = "b5e17d3f9a02"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


DUPLICATES = """
    SELECT organisation_id, number, COUNT(*) AS times
    FROM invoices GROUP BY organisation_id, number HAVING COUNT(*) > 1
    ORDER BY organisation_id, number
"""
SHOWN = 10


def upgrade() -> None:
    if not context.is_offline_mode():
        refuse_duplicates(op.get_bind())
    op.create_index(
        op.f("ix_invoices_organisation_id_number"), "invoices", ["organisation_id", "number"], unique=True
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_invoices_organisation_id_number"), table_name="invoices")


def refuse_duplicates(connection: sa.Connection) -> None:
    """Raises CommandError that names the invoices; the index alone would name only the first of them."""
    duplicates = connection.execute(sa.text(DUPLICATES)).all()
    if not duplicates:
        return
    named = "; ".join(
        f"organisation {row.organisation_id} has {row.number} {row.times} times"
        f" (invoices {invoice_ids(connection, row.organisation_id, row.number)})"
        for row in duplicates[:SHOWN]
    )
    more = f"; and {len(duplicates) - SHOWN} more" if len(duplicates) > SHOWN else ""
    raise CommandError(
        f"invoice numbers are not unique: {named}{more}. "
        "Renumber or delete the wrong ones, then upgrade again."
    )


def invoice_ids(connection: sa.Connection, organisation_id: int, number: str) -> str:
    found = connection.execute(
        sa.text(
            "SELECT id FROM invoices WHERE organisation_id = :organisation AND number = :number ORDER BY id"
        ),
        {"organisation": organisation_id, "number": number},
    )
    return ", ".join(str(row.id) for row in found)
