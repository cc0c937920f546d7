"""Whether backups could be restored is told before one is needed."""

from __future__ import annotations

import pytest

from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.examine_scratch import examine_scratch
from tests.postgresql import Server
from tests.usecases.site import Site
from tests.usecases.test_prove_backup import scratch_lines


def told(site: Site) -> list[tuple[str, bool]]:
    found = examine_scratch(environment=find_environment("api", "production")[1])
    return [(finding.words + finding.mend, not finding.mend) for finding in found]


def test_sqlite_needs_no_server(sqlite_site: Site) -> None:
    [(words, is_well)] = told(sqlite_site)

    assert is_well and "temporary files" in words


def test_no_server_is_said_and_is_to_be_mended_where_the_policy_asks_for_one(
    postgres_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(words, is_well)] = told(postgres_site)

    assert is_well and "read through and not restored" in words


@pytest.mark.fault(81)
def test_a_server_that_would_do_and_one_that_would_not(
    postgres_site: Site, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = postgres_site
    lines = scratch_lines(postgres_server, monkeypatch)
    site.configure(lines)
    assert "Backups can be restored on" in told(site)[0][0] and told(site)[0][1]

    site.configure(lines.replace("} }", '}, space = "1kB" }'))
    [(words, is_well)] = told(site)

    assert not is_well and "of scratch.space are left" in words


def test_databases_without_a_mark_are_named_for_a_person(
    postgres_site: Site, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_site.configure(scratch_lines(postgres_server, monkeypatch))
    postgres_site.query("CREATE DATABASE dashboard_scratch_by_a_person")
    try:
        found = told(postgres_site)
    finally:
        postgres_site.query("DROP DATABASE dashboard_scratch_by_a_person")

    assert any("dashboard_scratch_by_a_person" in words and not is_well for words, is_well in found)
