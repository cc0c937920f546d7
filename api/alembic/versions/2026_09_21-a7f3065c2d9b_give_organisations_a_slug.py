"""Give organisations a slug

The slug is made from the name; where two names give the same slug, the later organisation's ends in its id.

Revision ID: a7f3065c2d9b
Revises: 1e94b7a3f582
Create Date: 2026-09-21 10:18:03.205716

"""

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

revision: str = "a7f3065c2d9b"
down_revision: str | Sequence[str] | None = "1e94b7a3f582"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


organisations = sa.table(
    "organisations",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("slug", sa.String),
)


def upgrade() -> None:
    if context.is_offline_mode():
        raise CommandError("a7f3065c2d9b makes slugs from the names it reads: it cannot be written as SQL")
    op.add_column("organisations", sa.Column("slug", sa.String(80), nullable=True))
    fill_slugs(op.get_bind())
    with op.batch_alter_table("organisations") as batch:
        batch.alter_column("slug", existing_type=sa.String(80), nullable=False)
        batch.create_unique_constraint(op.f("uq_organisations_slug"), ["slug"])


def downgrade() -> None:
    with op.batch_alter_table("organisations") as batch:
        batch.drop_constraint(op.f("uq_organisations_slug"), type_="unique")
        batch.drop_column("slug")


def fill_slugs(connection: sa.Connection) -> None:
    taken: set[str] = set()
    rows = connection.execute(
        sa.select(organisations.c.id, organisations.c.name).order_by(organisations.c.id)
    )
    for row in rows.all():
        slug = slugify(row.name)
        if slug in taken:
            slug = f"{slug}-{row.id}"
        taken.add(slug)
        connection.execute(organisations.update().where(organisations.c.id == row.id).values(slug=slug))


def slugify(name: str) -> str:
    """`Müller & Söhne` becomes `muller-sohne`; at most 60 characters, so that an id still fits behind."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:60] or "organisation"
