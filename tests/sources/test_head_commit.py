"""The commit that is checked out, with and without asking git."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.sources import git as sources_git
from dashboard.sources.head_commit import head_commit
from tests.sources.repositories import commit_all, git, start_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "below").mkdir(parents=True)
    start_repository(folder)
    (folder / "file").write_text("1")
    commit_all(folder)
    return folder


def test_it_follows_every_way_in_which_head_moves(repository: Path) -> None:
    def agrees() -> bool:
        return head_commit(repository / "below") == git(repository, "rev-parse", "HEAD")

    assert agrees()
    for step in (
        ["commit", "--quiet", "--allow-empty", "--message", "two"],
        ["pack-refs", "--all"],
        ["commit", "--quiet", "--allow-empty", "--message", "three"],
        ["switch", "--quiet", "--create", "other"],
        ["commit", "--quiet", "--allow-empty", "--message", "four"],
        ["checkout", "--quiet", "--detach", "main"],
        ["reset", "--quiet", "--hard", "other"],
        ["switch", "--quiet", "main"],
    ):
        git(repository, *step)
        assert agrees(), step


def test_a_worktree_has_a_head_of_its_own(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "worktree"
    git(repository, "worktree", "add", "--quiet", "-b", "side", str(other))
    first = head_commit(other)

    git(other, "commit", "--quiet", "--allow-empty", "--message", "aside")

    assert first == head_commit(repository) != head_commit(other) == git(other, "rev-parse", "HEAD")


def test_outside_of_git_there_is_none_until_there_is_one(tmp_path: Path) -> None:
    assert head_commit(tmp_path) == ""

    start_repository(tmp_path)
    assert head_commit(tmp_path) == ""
    (tmp_path / "file").write_text("1")

    assert head_commit(tmp_path) == commit_all(tmp_path) or head_commit(tmp_path) != ""


def test_git_is_asked_once_while_nothing_moves(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = head_commit(repository)
    monkeypatch.setattr(sources_git, "head_commit", lambda directory: pytest.fail("git was asked again"))

    assert head_commit(repository) == first
