"""Every revision of the reference project, up and down, on both databases."""

from __future__ import annotations

import re

from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.api.conftest import ApiProject

BRANCH_POINT = "d08a6f3b7e21"
MERGE = "7ac25e18f6b0"
BILLING = ("6b4e92d7c105", "f19c3a85e0d4")
ACCESS = ("0d7f5b2ea493", "94e0c6d83b5f")


def revisions(project: ApiProject) -> list[str]:
    """All ids, oldest first."""
    directory = ScriptDirectory.from_config(Config(str(project.directory / "alembic.ini")))
    return [script.revision for script in directory.walk_revisions()][::-1]


def test_every_revision_steps_up_and_its_downgrade_restores_the_schema(project: ApiProject) -> None:
    """
    ... - d08a - 0d7f - 94e0 ------- 7ac2 - ... (head)
             `- 6b4e - f19c -------'
    """
    before = revisions(project)[: revisions(project).index(BRANCH_POINT) + 1]
    after = revisions(project)[revisions(project).index(MERGE) + 1 :]
    up = [*before, *ACCESS, *BILLING, MERGE, *after]
    # `-1` from a merge point is "Ambiguous walk" to Alembic: naming one parent reverts the merge alone.
    down = [*["-1"] * len(after), BILLING[1], f"{BILLING[1]}@-1", f"{BILLING[0]}@-1", f"{ACCESS[1]}@-1"]
    down += ["-1"] * (len(before) + 1)

    seen = project.steps(*(["upgrade", step] for step in up), *(["downgrade", step] for step in down))

    upwards, downwards = seen[: len(up)], seen[len(up) :]
    assert len(up) == len(set(up)) == len(revisions(project)) >= 14
    assert upwards[-1]["rows"] == [up[-1]]
    assert downwards[-1] == {"rows": [], "tables": {}}
    for higher, lower in zip(upwards[-2::-1], downwards, strict=False):
        assert lower == higher


def test_the_constraints_of_the_head_are_those_of_the_models(project: ApiProject) -> None:
    """`alembic check` compares no check constraints, and SQLite's batch mode could lose some on the way."""
    (head,) = project.steps(["upgrade", "head"])
    program = (
        "from app.models import Base\n"
        "for t in Base.metadata.tables.values():\n"
        "    print(t.name, *sorted(str(c.name) for c in [*t.constraints, *t.indexes]))"
    )
    declared = {line.split()[0]: line.split()[1:] for line in project.python("-c", program).stdout.splitlines()}

    names = {
        table: sorted({c.split()[0] for c in told["constraints"]} | {i[0] for i in told["indexes"]})
        for table, told in head["tables"].items()
    }

    assert names == declared


ROWS_PROGRAM = """
import os
from sqlalchemy import create_engine, text
from app.database import database_url

with create_engine(database_url(None, os.environ)).connect() as c:
    for query in (
        "SELECT COUNT(*) FROM order_lines",
        "SELECT slug FROM organisations ORDER BY id",
        "SELECT COUNT(*) FROM orders WHERE total_minor > 0 AND total_minor = (SELECT SUM(quantity *"
        " unit_price_minor) FROM order_lines WHERE order_id = orders.id)",
    ):
        print(*c.scalars(text(query)))
"""


def test_data_revisions_compute_from_the_rows_and_no_row_is_lost(project: ApiProject) -> None:
    project.alembic("upgrade", "1e94b7a3f582")
    filled = project.python("-m", "app.demo_data", "--orders", "20")
    assert filled.returncode == 0, filled.stderr

    project.alembic("upgrade", "head")
    project.alembic("downgrade", "52c8e1b94f07")

    done = project.python("-c", ROWS_PROGRAM)
    assert done.returncode == 0, done.stderr
    lines, slugs, totals = done.stdout.splitlines()
    assert f" {lines} order_lines" in filled.stdout
    assert slugs == "brandt-sons nordlys-energy casa-ferrer mehta-textiles harbour-clinic nordlys-energy-6"
    assert totals == "20"


def test_sql_can_be_written_offline_for_all_but_the_revision_that_reads_rows(
    postgres_project: ApiProject,
) -> None:
    refused = postgres_project.python("-m", "alembic", "upgrade", "head", "--sql")
    before = postgres_project.alembic("upgrade", "base:1e94b7a3f582", "--sql")
    after = postgres_project.alembic("upgrade", "a7f3065c2d9b:head", "--sql")
    back = postgres_project.alembic("downgrade", "head:base", "--sql")

    assert refused.returncode != 0
    assert "a7f3065c2d9b makes slugs from the names it reads" in refused.stdout + refused.stderr
    assert "CREATE TABLE users" in before
    assert re.search(r"COMMIT;.*CREATE INDEX CONCURRENTLY ix_orders_project_id_placed_at.*BEGIN;", after, re.S)
    assert "DROP TABLE users" in back


def test_sql_of_the_newest_five_can_be_written_offline_on_sqlite(sqlite_project: ApiProject) -> None:
    sql = sqlite_project.alembic("upgrade", "e3b8d4097c6a:head", "--sql")

    assert sql.count("UPDATE alembic_version") == 5
