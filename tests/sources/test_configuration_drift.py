"""`drift = { ... }` in dashboard.toml."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.sources.configuration import NotConfigured
from tests.sources.configuration_folder import load_environment, only_problem

URL = 'url = "postgresql://u:p@db/app"'


def test_it_is_read_and_the_replica_is_resolved_when_it_is_used(tmp_path: Path) -> None:
    lines = f'{URL}\ndrift = {{ every = "1d", ignore = ["audit_*"], replica = {{ env = "REPLICA" }} }}'
    found = load_environment(tmp_path, lines)

    replica = found.resolve_replica({"REPLICA": "postgresql://reader:hush-hush@replica/app"})

    assert (found.drift.every, found.drift.ignore) == (timedelta(days=1), ("audit_*",))
    assert replica is not None and (replica.host, replica.user) == ("replica", "reader")
    assert "hush-hush" in found.resolve({"REPLICA": "postgresql://reader:hush-hush@replica/app"}).secrets
    with pytest.raises(NotConfigured, match="REPLICA"):
        found.resolve_replica({})


def test_left_out_nothing_is_done_by_itself(tmp_path: Path) -> None:
    found = load_environment(tmp_path, URL)

    assert (found.drift.every, found.drift.ignore, found.resolve_replica({})) == (None, (), None)


@pytest.mark.parametrize(
    ("lines", "key", "told"),
    [
        (f'{URL}\ndrift = {{ evry = "1d" }}', "drift.evry", 'Did you mean "every"?'),
        (f'{URL}\ndrift = {{ every = "daily" }}', "drift.every", "This is no duration."),
        (f'{URL}\ndrift = {{ every = "0s" }}', "drift.every", "longer than nothing"),
        (f'{URL}\ndrift = {{ replica = "sqlite:///a.db" }}', "drift.replica", "This is no PostgreSQL server."),
        ('url = "sqlite:///a.db"\ndrift = { replica = "postgresql://u@db/app" }', "drift.replica", "has no replica"),
        (f'{URL}\nignore = ["a"]', "ignore", "drift"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, lines: str, key: str, told: str) -> None:
    found, words = only_problem(tmp_path, lines)

    assert found == key and told in words
