"""What Alembic runs for every command: hands it the models' metadata and a connection.

Needs alembic, SQLAlchemy and, for PostgreSQL, psycopg2; nothing else.
"""

from __future__ import annotations

import os
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from app.database import DatabaseNotConfigured, database_url
from app.models import Base
from sqlalchemy import create_engine, pool

config = context.config

# Alembic's own Config, made in code, has no file; and a caller's file need not configure logging.
if config.config_file_name is not None and config.file_config.has_section("loggers"):
    fileConfig(config.config_file_name, disable_existing_loggers=False)

try:
    url = database_url(config.get_main_option("sqlalchemy.url"), os.environ)
except DatabaseNotConfigured as error:
    raise CommandError(str(error)) from None


def run_migrations_offline() -> None:
    """Writes the SQL of the revisions to standard output; connects to nothing."""
    configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Runs the revisions over a connection of their own."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


def configure(**how: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        compare_type=True,
        # SQLite cannot alter most things in place: autogenerate writes batch operations for it.
        render_as_batch=url.get_backend_name() == "sqlite",
        **how,
    )


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
