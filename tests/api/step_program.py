"""Runs Alembic's command line several times in one process, in a project's folder; prints the schema after each.

The one argument is a JSON list of argument lists. One line of JSON a command: rows of the version table, and tables.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from alembic.config import main
from sqlalchemy import Inspector, create_engine, inspect, pool, text


def describe(inspector: Inspector, table: str) -> dict[str, Any]:
    """What a revision can change in a table, in an order of our own."""
    constraints = [
        *inspector.get_unique_constraints(table),
        *inspector.get_check_constraints(table),
        *inspector.get_foreign_keys(table),
        inspector.get_pk_constraint(table),
    ]
    return {
        "columns": sorted(
            (c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in inspector.get_columns(table)
        ),
        "constraints": sorted(f"{c['name']} {sorted(c.items(), key=str)}" for c in constraints),
        "indexes": sorted((str(i["name"]), i["column_names"], bool(i["unique"])) for i in inspector.get_indexes(table)),
    }


def snapshot() -> dict[str, Any]:
    from app.database import database_url

    engine = create_engine(database_url(None, os.environ), poolclass=pool.NullPool)
    with engine.connect() as connection:
        rows = sorted(connection.scalars(text("SELECT version_num FROM alembic_version")))
        inspector = inspect(connection)
        tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
        return {"rows": rows, "tables": {table: describe(inspector, table) for table in tables}}


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    for command in json.loads(sys.argv[1]):
        main(argv=command)
        print(json.dumps(snapshot()), flush=True)
