"""Script directories written to disk, for tests that read them beside Alembic itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from dashboard.revisions.records import RevisionRecord
from dashboard.sources.project_source import ProjectSource

INI = "[alembic]\nscript_location = %(here)s/alembic\npath_separator = os\n"

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def write_project(directory: Path, records: Iterable[RevisionRecord] = (), *, ini: str = INI) -> ProjectSource:
    """A project whose files are named so that their sorted order is the order of `records`."""
    versions = directory / "alembic" / "versions"
    versions.mkdir(parents=True)
    (directory / "alembic.ini").write_text(ini)
    (directory / "alembic" / "env.py").write_text(ENV)
    (directory / "alembic" / "script.py.mako").write_text("")
    for number, record in enumerate(records):
        (versions / f"{number:05}_{record.revision}.py").write_text(revision_text(record))
    return ProjectSource(directory, directory / "alembic.ini")


def revision_text(record: RevisionRecord) -> str:
    """As Alembic's own template writes it."""
    return (
        f'"""{record.message or "a change"}\n\nRevision ID: {record.revision}\n'
        f'Create Date: 2024-02-03 04:05:06.789000\n\n"""\n\n'
        "from collections.abc import Sequence\n\n"
        f"revision: str = {record.revision!r}\n"
        f"down_revision: str | Sequence[str] | None = {_written(record.down_revision)}\n"
        f"branch_labels: str | Sequence[str] | None = {_written(record.branch_labels)}\n"
        f"depends_on: str | Sequence[str] | None = {_written(record.depends_on)}\n\n\n"
        "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
    )


def _written(names: tuple[str, ...]) -> str:
    if not names:
        return "None"
    return repr(names[0] if len(names) == 1 else names)


def alembic_config(source: ProjectSource, url: str = "") -> Config:
    """Alembic's own view of the project."""
    config = Config(str(source.config), ini_section=source.section)
    if url:
        config.set_main_option("sqlalchemy.url", url)
    return config


def alembic_directory(source: ProjectSource) -> ScriptDirectory:
    """Alembic's own script directory of the project."""
    return ScriptDirectory.from_config(alembic_config(source))
