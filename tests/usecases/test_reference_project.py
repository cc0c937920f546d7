"""The reference project up and down through every revision, with the dashboard alone, on both databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dashboard.models import Run
from dashboard.revisions.plan import Direction
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.read_history import read_history
from tests.usecases.site import Site

ALLOW = 'allow = ["upgrade", "downgrade", "stamp", "start_fresh"]'
BRANCH_POINT = "d08a6f3b7e21"
BILLING, ACCESS = "f19c3a85e0d4", "94e0c6d83b5f"
MERGE = "7ac25e18f6b0"


@pytest.fixture
def api_site(site: Site, repository_root: Path) -> Site:
    """`site` with a copy of api/ in the place of its small project, and an empty database."""
    site.alembic("downgrade", "base")
    site.query("DROP TABLE alembic_version")
    shutil.rmtree(site.project.directory)
    shutil.copytree(
        repository_root / "api", site.project.directory, ignore=shutil.ignore_patterns("*.db*", "__pycache__")
    )
    site.configure(ALLOW)
    return site


@pytest.mark.timeout(170)
def test_every_revision_goes_up_and_down_by_the_dashboard_alone(api_site: Site) -> None:
    """
    ... - d08a - 0d7f - 94e0 ------- 7ac2 - ... (head)
             `- 6b4e - f19c -------'
    """
    site = api_site
    everything = {r.revision for r in read_history(find_environment("api", "production")[0]).graph.history()}

    runs = [
        site.go(Direction.UPGRADE, BRANCH_POINT),
        site.go(Direction.UPGRADE, ACCESS),
        site.go(Direction.UPGRADE, BILLING),
        site.go(Direction.UPGRADE),
        site.go(Direction.DOWNGRADE, BILLING),
        site.go(Direction.DOWNGRADE, f"{ACCESS}@-1"),
        site.go(Direction.DOWNGRADE, "base"),
        site.go(Direction.START_FRESH),
    ]

    assert [(run.outcome, run.detail) for run in runs] == [("succeeded", "")] * len(runs)
    for direction in ("upgrade", "downgrade"):
        assert {s.revision for run in runs for s in run.steps.filter(action=direction, state="applied")} == everything
    assert sorted(runs[4].rows_after or []) == sorted([BILLING, ACCESS]), "the merge point alone is not left"
    assert runs[6].rows_after == [] and Run.objects.exclude(phase="settled").count() == 0
    assert f"{site.rows()[0]} (head)" in site.alembic("current")
