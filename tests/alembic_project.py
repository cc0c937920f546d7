"""Small real Alembic projects for tests: an ini file, an env.py and revisions, written to a folder."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

ENV_PY = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

{extra}

def url():
    return context.config.get_main_option("sqlalchemy.url")

if context.is_offline_mode():
    context.configure(url=url(), literal_binds=True, {options})
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url(), poolclass=pool.NullPool, {engine_options})
    with engine.connect() as connection:
        context.configure(connection=connection, {options})
        with context.begin_transaction():
            context.run_migrations()
"""

REVISION = '''\
"""{message}

Revision ID: {revision}
Revises: {down}
Create Date: 2026-11-0{number} 09:00:00

"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''


@dataclass
class AlembicProject:
    """A folder with alembic.ini, alembic/env.py and alembic/versions."""

    directory: Path
    revisions: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The ini file."""
        return self.directory / "alembic.ini"

    @property
    def env_py(self) -> Path:
        """The environment script."""
        return self.directory / "alembic" / "env.py"

    def write_env(
        self, *, extra: str = "", options: str = "", engine_options: str = "", text: str | None = None
    ) -> None:
        """Writes env.py: the usual one with additions, or `text` as it is."""
        content = text or ENV_PY.format(extra=textwrap.dedent(extra), options=options, engine_options=engine_options)
        self.env_py.write_text(content)

    def add(
        self, revision: str, upgrade: str, downgrade: str = "pass", *, down: str | None = "", message: str = ""
    ) -> Path:
        """Adds a revision after the last one (or after `down`); `upgrade` and `downgrade` are Python."""
        parent = (self.revisions[-1] if self.revisions else None) if down == "" else down
        path = self.directory / "alembic" / "versions" / f"{revision}_{(message or revision).replace(' ', '_')}.py"
        path.write_text(
            REVISION.format(
                message=message or f"make {revision}",
                revision=revision,
                down=parent,
                number=min(len(self.revisions) + 1, 9),
                upgrade=textwrap.indent(textwrap.dedent(upgrade).strip(), "    "),
                downgrade=textwrap.indent(textwrap.dedent(downgrade).strip(), "    "),
            )
        )
        self.revisions.append(revision)
        return path

    def add_tables(self, *numbers: int) -> None:
        """For each number n a revision rn that makes the table tn."""
        for n in numbers:
            self.add(
                f"r{n}",
                f'op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text))',
                f'op.drop_table("t{n}")',
            )


def make_project(directory: Path, **env: str) -> AlembicProject:
    """An empty project in `directory`; `env` goes to write_env."""
    (directory / "alembic" / "versions").mkdir(parents=True)
    project = AlembicProject(directory)
    project.config.write_text("[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\n")
    project.write_env(**env)
    return project
