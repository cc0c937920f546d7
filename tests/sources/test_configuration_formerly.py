"""`formerly`, `requires_review` and `upgrade_within` in dashboard.toml."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.sources.configuration import Configuration, ConfigurationError, load_configuration


def load(tmp_path: Path, environments: str) -> Configuration:
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    path = tmp_path / "dashboard.toml"
    path.write_text(f"[projects.api]\n{environments}")
    return load_configuration(path, environ={})


def environment(name: str, *lines: str) -> str:
    return "\n".join((f"[projects.api.environments.{name}]", f'url = "sqlite:///{name}.db"', *lines, ""))


def test_they_are_read(tmp_path: Path) -> None:
    found = load(tmp_path, environment("live", 'formerly = "old"', "requires_review = true", 'upgrade_within = "14d"'))

    live = found.environment("api", "live")
    assert (live.formerly, live.requires_review, live.upgrade_within) == ("old", True, timedelta(days=14))


def test_left_out_they_ask_for_nothing(tmp_path: Path) -> None:
    live = load(tmp_path, environment("live")).environment("api", "live")

    assert (live.formerly, live.requires_review, live.upgrade_within) == ("", False, None)


@pytest.mark.parametrize(
    ("environments", "told"),
    [
        (environment("a") + environment("b", 'formerly = "a"'), 'has an environment "a" still'),
        (environment("a", 'formerly = "x"') + environment("b", 'formerly = "x"'), '"a" was formerly "x", too'),
        (environment("a", 'formerly = "a"'), 'has an environment "a" still'),
    ],
)
def test_a_past_belongs_to_one_environment(tmp_path: Path, environments: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, environments)

    (problem,) = refused.value.problems
    assert told in problem.message and problem.key.endswith(".formerly")
