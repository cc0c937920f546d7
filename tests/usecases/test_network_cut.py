"""The network to an environment's database is cut in the middle of a run, in the two ways in which networks are."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from dashboard.usecases.settle_lost_runs import settle_lost_runs
from tests.postgresql import Server
from tests.tcp_proxy import TcpProxy
from tests.usecases.running import confirmed, executing, wait_for
from tests.usecases.site import Site


@pytest.fixture
def proxy(postgres_site: Site, postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpProxy]:
    """Lies between the dashboard, its children and the server; the test itself goes around it."""
    proxy = TcpProxy(postgres_server.host, postgres_server.port)
    monkeypatch.setenv("TEST_URL", postgres_site.url.replace(f":{postgres_server.port}/", f":{proxy.port}/"))
    yield proxy
    proxy.close()


@pytest.mark.fault(8)
@pytest.mark.parametrize("way", ["cut", "go_silent"])
def test_the_session_is_gone_in_ten_seconds_and_the_run_is_settled_once_the_database_is_back(
    postgres_site: Site, proxy: TcpProxy, way: str
) -> None:
    site = postgres_site
    site.project.add("r4", 'op.create_table("t4", sa.Column("id", sa.Integer))\nop.execute("SELECT pg_sleep(120)")')
    with executing(confirmed(site)) as running:
        running.wait_for_step("r4")
        time.sleep(0.5)
        backend = running.run.log.get(text__startswith="backend pid").text.split()[-1]

        getattr(proxy, way)()

        wait_for(
            lambda: site.query(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}") == [(0,)], seconds=10
        )
        run = running.finish(40)

    assert (run.phase, run.outcome, run.cause) == ("unsettled", "", "connection_lost")
    assert settle_lost_runs() == 0, "the database cannot be asked yet"
    run.refresh_from_db()
    assert run.phase == "unsettled" and "cannot be asked" in run.evidence[0]
    proxy.mend()

    assert settle_lost_runs() == 1

    run.refresh_from_db()
    assert (run.phase, run.outcome, run.cause) == ("settled", "rolled_back", "connection_lost")
    assert site.rows() == ["r1"] and run.schema_before == run.schema_after
