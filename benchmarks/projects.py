"""Writes Alembic projects of any size: what real ones look like, and the same for every run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

INI = (
    "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\nsqlalchemy.url = sqlite:///%(here)s/app.db\n"
)
ENV = '''\
"""Connects to sqlalchemy.url."""
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
'''
WORDS = [
    "account",
    "order",
    "invoice",
    "member",
    "project",
    "webhook",
    "token",
    "payment",
    "address",
    "audit",
    "profile",
    "session",
    "report",
    "price",
    "stock",
]
VERBS = ["add", "drop", "rename", "index", "backfill", "split", "widen", "constrain"]
FIRST_DATE = datetime(2019, 3, 4, 9, 30)
OPEN_LINES = 8
"""A team's branches are merged before there are more."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision to be written. `down` is empty for the base."""

    id: str
    down: tuple[str, ...]
    message: str


def write_project(directory: Path, count: int, *, branched: bool = False, realistic: bool = False) -> list[Revision]:
    """`count` revisions, oldest first; `realistic` files have about 7 KB, others half of one."""
    versions = directory / "alembic" / "versions"
    versions.mkdir(parents=True)
    (directory / "alembic.ini").write_text(INI)
    (directory / "alembic" / "env.py").write_text(ENV)
    chance = random.Random(count)
    revisions = branched_history(count, chance) if branched else linear_history(count, chance)
    for number, revision in enumerate(revisions):
        name = f"{revision.id}_{revision.message.lower().replace(' ', '_')[:40]}.py"
        (versions / name).write_text(source(revision, number, chance, realistic=realistic))
    return revisions


def linear_history(count: int, chance: random.Random) -> list[Revision]:
    """One after the other."""
    revisions: list[Revision] = []
    for _ in range(count):
        revisions.append(_next(chance, (revisions[-1].id,) if revisions else ()))
    return revisions


def branched_history(count: int, chance: random.Random) -> list[Revision]:
    """One revision of twenty begins a branch; all are merged, the last revision is the one head."""
    revisions = [_next(chance, ())]
    parents: dict[str, tuple[str, ...]] = {revisions[0].id: ()}
    heads = [revisions[0].id]
    while len(revisions) < count:
        down = _choose_parents(heads, parents, chance, left=count - len(revisions))
        revision = _next(chance, down)
        parents[revision.id] = down
        revisions.append(revision)
        heads = [head for head in heads if head not in down] + [revision.id]
    return revisions


def _choose_parents(
    heads: list[str], parents: dict[str, tuple[str, ...]], chance: random.Random, left: int
) -> tuple[str, ...]:
    draw = chance.random()
    if len(heads) >= max(2, left):
        return tuple(heads[:2])
    if draw < 0.07 and len(heads) < OPEN_LINES and left > 2 * OPEN_LINES:
        below = parents[chance.choice(heads)]
        if below:
            return (below[0],)
    if draw > 0.93 and len(heads) > 1:
        return tuple(chance.sample(heads, 2))
    return (chance.choice(heads),)


def _next(chance: random.Random, down: tuple[str, ...]) -> Revision:
    message = (
        f"{chance.choice(VERBS).capitalize()} {chance.choice(WORDS)} {chance.choice(WORDS)} {chance.randrange(1000)}"
    )
    return Revision(f"{chance.getrandbits(48):012x}", down, "Merge heads" if len(down) > 1 else message)


def source(revision: Revision, number: int, chance: random.Random, *, realistic: bool) -> str:
    """The `number`th revision file in one of the forms that Alembic's templates had over the years."""
    down: object = None if not revision.down else revision.down[0] if len(revision.down) == 1 else revision.down
    date = (FIRST_DATE + timedelta(hours=3 * number, seconds=chance.randrange(3600))).isoformat(" ")
    kind = chance.randrange(3)
    text = {0: ": str", 1: "", 2: ": str"}[kind]
    more = {0: ": str | Sequence[str] | None", 1: "", 2: ": Union[str, Sequence[str], None]"}[kind]
    imports = {
        0: "from collections.abc import Sequence\n\nfrom alembic import op\nimport sqlalchemy as sa\n",
        1: "from alembic import op\nimport sqlalchemy as sa\n",
        2: "from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n",
    }[kind]
    head = (
        f'"""{revision.message}\n\nRevision ID: {revision.id}\nRevises: {", ".join(revision.down)}\n'
        f'Create Date: {date}\n\n"""\n{imports}\n\n# revision identifiers, used by Alembic.\n'
        f"revision{text} = {revision.id!r}\ndown_revision{more} = {down!r}\n"
        f"branch_labels{more} = None\ndepends_on{more} = None\n"
    )
    if not realistic:
        return f"{head}\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    tables = [f"{chance.choice(WORDS)}_{chance.choice(WORDS)}_{number}" for number in range(5)]
    up = "".join(_create(table, chance) for table in tables)
    undo = "".join(f"    op.drop_table({table!r})\n" for table in reversed(tables))
    return f"{head}\n\ndef upgrade():\n{up}\n\ndef downgrade():\n{undo}"


def _create(table: str, chance: random.Random) -> str:
    """About 1.2 KB, as autogenerate writes it."""
    columns = "".join(
        f'        sa.Column("{chance.choice(WORDS)}_{n}", sa.{kind}, nullable={chance.random() < 0.5}),\n'
        for n, kind in enumerate(
            ["String(length=255)", "Integer()", "DateTime(timezone=True)", "Text()", "Boolean()", "Numeric(12, 2)"] * 2
        )
    )
    return (
        f"    # ### commands auto generated by Alembic - please adjust! ###\n    op.create_table(\n        {table!r},\n"
        f'        sa.Column("id", sa.Integer(), nullable=False),\n{columns}'
        f'        sa.ForeignKeyConstraint(["id"], ["accounts.id"], name=op.f("fk_{table}_id_accounts"), ondelete="CASCADE"),\n'
        f'        sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}")),\n    )\n'
        f'    op.create_index(op.f("ix_{table}_id"), {table!r}, ["id"], unique=False)\n'
    )
