"""Projects with other drivers, the async template, settings and an interpreter of their own, or several databases."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dashboard.models import Run
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.explain_run import explain_run
from dashboard.usecases.read_history import read_history
from tests.usecases.conftest import ENV_URL
from tests.usecases.modelled import add_models, propose, propose_merge
from tests.usecases.running import confirmed, executing
from tests.usecases.site import Site

OLD_PACKAGES = ("alembic==1.12.*", "sqlalchemy==1.4.*", "psycopg2-binary~=2.9")
CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY i1 ON t1 (x)")
"""
ASYNC_ENV_PY = """
import asyncio
import os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

def run_migrations(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run():
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run_migrations)
    await engine.dispose()

asyncio.run(run())
"""
MULTIDB_INI = """
[alembic]
script_location = %(here)s/alembic
prepend_sys_path = .
databases = engine1, engine2

[engine1]
sqlalchemy.url = {first}

[engine2]
sqlalchemy.url = {second}
"""


def open_transaction(site: Site, *statements: str) -> Any:
    """Another application in the middle of its work."""
    connection = site.database()
    connection.autocommit = False
    for statement in statements:
        connection.cursor().execute(statement)
    return connection


def log_of(run: Run) -> str:
    return "\n".join(run.log.values_list("text", flat=True))


@pytest.mark.fault(26)
@pytest.mark.fault(74)
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_time_limits_hold_with_every_driver_and_an_index_is_built_concurrently(
    postgres_site: Site, driver: str
) -> None:
    site = postgres_site
    site.alembic("upgrade", "r3")
    if driver == "asyncpg":
        site.project.write_env(text=ASYNC_ENV_PY)
    site.configure(f'driver = "postgresql+{driver}"\ntimeouts = {{ lock = "300ms" }}')
    site.project.add("r4", CONCURRENTLY)
    site.project.add("r5", 'op.execute("ALTER TABLE t2 ADD y int")')
    run = confirmed(site)
    reader = open_transaction(site, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
    writer = open_transaction(site, "INSERT INTO t2 VALUES (1, 'x')")

    with executing(run) as running:
        running.wait_for_step("r4")
        time.sleep(1)
        assert running.thread.is_alive(), "the build waits for the reader, longer than the lock timeout"
        reader.close()
        running.wait_for_step("r5", "failed")
        run = running.finish()
    writer.close()

    assert site.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i1'::regclass") == [(True,)]
    assert run.cause == "error" and "lock timeout" in run.detail, run.detail
    assert run.left_transaction and run.outcome == "indeterminate" and site.rows() == ["r3"]
    commands = [step.command for step in explain_run(run).next_steps]
    assert commands[1:3] == ["alembic stamp r4", "alembic stamp r5"]


@pytest.mark.fault(26)
def test_time_limits_hold_with_pg8000(postgres_site: Site) -> None:
    """Which cannot build an index concurrently: Alembic's autocommit_block fails with it by hand, too."""
    site = postgres_site
    site.configure('driver = "postgresql+pg8000"\ntimeouts = { lock = "300ms" }')
    assert site.upgrade().outcome == "succeeded"
    site.project.add("r4", 'op.execute("ALTER TABLE t2 ADD y int")')
    writer = open_transaction(site, "INSERT INTO t2 VALUES (1, 'x')")

    run = site.upgrade()
    writer.close()

    assert run.outcome == "rolled_back" and "lock timeout" in run.detail


@pytest.mark.fault(27)
def test_time_limits_hold_where_connect_args_set_others(postgres_site: Site) -> None:
    site = postgres_site
    site.configure('timeouts = { lock = "300ms", statement = "2s" }')
    options = "connect_args={'options': '-c lock_timeout=0 -c statement_timeout=0'}"
    site.project.write_env(extra=ENV_URL, engine_options=options)
    site.project.add("r4", 'op.execute("ALTER TABLE t1 ADD y int")')
    writer = open_transaction(site, "INSERT INTO t1 VALUES (1, 'x')")

    blocked = site.upgrade()
    writer.close()
    path = site.project.directory / "alembic" / "versions" / "r4_r4.py"
    path.write_text(path.read_text().replace("ALTER TABLE t1 ADD y int", "SELECT pg_sleep(60)"))
    slow = site.upgrade()

    assert blocked.outcome == "rolled_back" and "lock timeout" in blocked.detail
    assert slow.outcome == "rolled_back" and "statement timeout" in slow.detail


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of a project's own, with an older Alembic and SQLAlchemy."""
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *OLD_PACKAGES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return python


def test_a_project_with_its_own_interpreter_and_older_packages_is_run_and_judged_alike(
    site: Site, old_python: Path
) -> None:
    text = (site.folder / "dashboard.toml").read_text()
    (site.folder / "dashboard.toml").write_text(text.replace(sys.executable, str(old_python)))

    run = site.upgrade()

    assert (run.outcome, site.rows()) == ("succeeded", ["r3"])
    assert "Alembic 1.12" in log_of(run) and "SQLAlchemy 1.4" in log_of(run)
    assert run.steps_committing == 2

    site.project.add("r4", 'op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("SELECT * FROM missing")')
    failed = site.upgrade()

    assert failed.cause == "error" and "missing" in failed.detail and site.rows() == ["r3"]
    assert failed.outcome == ("rolled_back" if site.dialect == "postgresql" else "indeterminate")


def test_the_multidb_template_is_read_and_shown_and_its_runs_are_refused_with_the_reason(
    sqlite_site: Site, tmp_path: Path
) -> None:
    site = sqlite_site
    made = tmp_path / "multidb"
    subprocess.run(
        [sys.executable, "-m", "alembic", "init", "-t", "multidb", made / "alembic"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    site.project.env_py.write_text((made / "alembic" / "env.py").read_text().replace("fileConfig(", "bool("))
    first, second = site.url, f"sqlite:///{tmp_path}/second.db"
    site.project.config.write_text(MULTIDB_INI.format(first=first, second=second))
    path = site.project.add("r4", "pass")
    path.write_text(path.read_text().replace("def upgrade():", "def upgrade(engine_name):"))

    history = read_history(configuration().project("api"))
    run = site.upgrade()

    assert [record.revision for record in history.graph.history()] == ["r4", "r3", "r2", "r1"]
    assert history.problems == () and history.error == ""
    assert run.outcome == "refused" and site.rows() == ["r1"]
    assert "Revision r4 is written for several databases (multidb). A run changes one database" in run.detail
    assert not (tmp_path / "second.db").exists() or (tmp_path / "second.db").stat().st_size == 0


def test_older_packages_compare_models_and_merge_heads_alike(site: Site, old_python: Path) -> None:
    add_models(site, 'metadata.tables["t1"].append_column(sa.Column("y", sa.Integer))')
    text = (site.folder / "dashboard.toml").read_text()
    (site.folder / "dashboard.toml").write_text(text.replace(sys.executable, str(old_python)))

    compared = propose(site)
    site.project.add("left", "pass", down="r3")
    site.project.add("right", "pass", down="r3")
    merged = propose_merge(site, "left", "right")

    assert "op.add_column('t1'" in compared.content, compared.error
    assert "ALTER TABLE t1 ADD COLUMN y INTEGER" in str(compared.sql)
    assert "= ('left', 'right')" in merged.content, merged.error


def test_an_async_env_py_is_compared_with_and_changes_nothing(postgres_site: Site) -> None:
    add_models(postgres_site, 'metadata.tables["t1"].append_column(sa.Column("y", sa.Integer))')
    text = ASYNC_ENV_PY.replace("connection=connection", "connection=connection, target_metadata=metadata")
    text = text.replace("import os\n", "import os\nfrom models import metadata\nfrom sqlalchemy import text\n")
    postgres_site.project.write_env(text=text)
    postgres_site.configure('driver = "postgresql+asyncpg"', "writable = true")

    compared = propose(postgres_site)
    postgres_site.project.write_env(
        text=text.replace(
            "def run_migrations(connection):",
            'def run_migrations(connection):\n    connection.execute(text("CREATE TABLE z (i int)"))',
        )
    )
    changing = propose(postgres_site)

    assert compared.state == "ready", compared.error
    assert changing.state == "failed" and "env.py changes the database" in changing.error


def test_an_env_py_for_several_databases_is_not_compared_with(sqlite_site: Site) -> None:
    add_models(sqlite_site)
    text = sqlite_site.project.env_py.read_text()
    again = text[text.index("    with engine.connect() as connection:") :]
    sqlite_site.project.write_env(text=f"{text}\n{again}")

    proposal = propose(sqlite_site)

    assert proposal.state == "failed" and "more than one database" in proposal.error
