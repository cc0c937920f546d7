"""A revision that the checkout lacks, looked for again when a ref has moved."""

from __future__ import annotations

from pathlib import Path

from dashboard.sources.revision_search import RevisionSearch
from tests.alembic_project import make_project
from tests.sources.repositories import commit_all, git, start_repository


def test_it_is_found_once_a_branch_has_it(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    start_repository(tmp_path)
    project.add("r1", "pass")
    commit_all(tmp_path)
    search, folder = RevisionSearch(), tmp_path / "alembic" / "versions"

    assert search.find(tmp_path, [folder], ["x1"]) == {}

    git(tmp_path, "switch", "--quiet", "--create", "feature-x")
    project.add("x1", "pass")
    commit_all(tmp_path)
    git(tmp_path, "switch", "--quiet", "main")
    found = search.find(tmp_path, [folder], ["x1", "r1"])

    assert [ref.name for ref in found["x1"].refs] == ["feature-x"]
    assert {ref.name for ref in found["r1"].refs} == {"feature-x", "main"}
    git(tmp_path, "branch", "--quiet", "-D", "feature-x")
    assert search.find(tmp_path, [folder], ["x1"]) == {}
