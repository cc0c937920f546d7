"""An installation of three projects and 200 environments on SQLite, in every state that an environment can be in."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.projects import Revision, write_project

USUAL = ("development", "staging", "production")
REVISIONS = {"api": 142, "billing": 96, "search": 58}
ENVIRONMENTS = 200


def write_fleet(directory: Path, total: int = ENVIRONMENTS) -> Path:
    """Writes projects and databases; gives the path of dashboard.toml. The last project has a database a tenant."""
    tables = []
    for project, count in REVISIONS.items():
        revisions = write_project(directory / project, count, realistic=True)
        names = [*USUAL] if project != "search" else [*USUAL, *_tenants(total - 3 * len(USUAL))]
        tables.append(
            f'[projects.{project}]\ntitle = "{project.capitalize()}"\ndirectory = "{project}"\npython = "{sys.executable}"\n'
        )
        for number, name in enumerate(names):
            path = directory / "databases" / f"{project}-{name}.db"
            _write_database(path, _rows(project, name, number, revisions))
            requires = f'requires = ["{USUAL[number - 1]}"]\n' if name in USUAL[1:] else ""
            tables.append(f'[projects.{project}.environments.{name}]\nurl = "sqlite:///{path}"\n{requires}')
    toml = directory / "dashboard.toml"
    toml.write_text("\n".join(tables))
    return toml


def _tenants(number: int) -> Iterator[str]:
    return (f"t{n:03}" for n in range(1, number + 1))


def _rows(project: str, name: str, number: int, revisions: Sequence[Revision]) -> tuple[str, ...] | None:
    """What the version table holds; None: there is no database. Most are at the head."""
    ids = [revision.id for revision in revisions]
    if (project, name) in {("billing", "development"), ("search", "t160")}:
        return ids[-1], ids[-6]
    if (project, name) in {("billing", "staging"), ("search", "t104")}:
        return ("a31c7be0944d",)
    if name in {"t048", "t049"}:
        return None
    if name == "t090":
        return ()
    if name == "production":
        return (ids[-4],)
    return (ids[-1 - number % 5],) if number % 23 == 7 else (ids[-1],)


def _write_database(path: Path, rows: tuple[str, ...] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if rows is None:
        return
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
    connection.close()
