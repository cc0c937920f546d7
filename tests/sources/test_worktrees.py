"""The code of a commit beside the work tree, and how a checkout stands to its repository: real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.replacement import name_databases
from dashboard.databases.sqlite.run_lock import hold_lock
from dashboard.sources.git_state import fetch, read_checkout_state
from dashboard.sources.worktrees import KEPT_SECONDS, WorktreeError, check_out, remove_unused


class Repository:
    """A repository with a folder `service/` and two commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit("one")
        self.second = self.commit("two")

    @property
    def service(self) -> Path:
        return self.folder / "service"

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        self.service.mkdir(exist_ok=True)
        (self.service / "file.txt").write_text(text)
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_a_commit_is_laid_out_beside_the_work_tree(repository: Repository, tmp_path: Path) -> None:
    found = check_out(repository.service, repository.first, cache=tmp_path / "cache")

    assert found.name == "service" and (found / "file.txt").read_text() == "one"
    assert (repository.service / "file.txt").read_text() == "two"
    assert repository.git("status", "--porcelain") == "" and repository.git("branch", "--show-current") == "main"


def test_it_is_used_again_and_made_anew_when_somebody_changed_it(repository: Repository, tmp_path: Path) -> None:
    found = check_out(repository.service, repository.first, cache=tmp_path / "cache")
    inode = found.stat().st_ino
    assert check_out(repository.service, repository.first, cache=tmp_path / "cache").stat().st_ino == inode

    (found / "file.txt").write_text("evil")
    (found / "added.py").write_text("evil")

    again = check_out(repository.service, repository.first, cache=tmp_path / "cache")
    assert (again / "file.txt").read_text() == "one" and not (again / "added.py").exists()


def test_a_hook_of_the_repository_is_not_run(repository: Repository, tmp_path: Path) -> None:
    hook = repository.folder / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)

    check_out(repository.service, repository.first, cache=tmp_path / "cache")

    assert not (tmp_path / "ran").exists()


def test_what_cannot_be_laid_out_is_said(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(WorktreeError, match="could not lay out"):
        check_out(repository.service, "f" * 40, cache=tmp_path / "cache")
    with pytest.raises(WorktreeError, match="no whole commit id"):
        check_out(repository.service, "--help", cache=tmp_path / "cache")
    with pytest.raises(WorktreeError, match="no git repository"):
        check_out(tmp_path, repository.first, cache=tmp_path / "cache")


def test_long_unused_ones_are_removed_and_git_forgets_them(repository: Repository, tmp_path: Path) -> None:
    found = check_out(repository.service, repository.first, cache=tmp_path / "cache")
    assert remove_unused(tmp_path / "cache") == 0

    assert remove_unused(tmp_path / "cache", now=found.stat().st_mtime + KEPT_SECONDS + 60) == 1

    assert not found.exists() and len(repository.git("worktree", "list").splitlines()) == 1


def test_uncommitted_files_branch_and_distance_are_told(repository: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", str(repository.folder), str(other)], check=True)
    repository.commit("three")
    (other / "service" / "file.txt").write_text("edited")
    (other / "service" / "neu ü.py").write_text("")
    (other / "outside.txt").write_text("")

    assert read_checkout_state(other / "service").behind == 0
    assert fetch(other / "service")
    state = read_checkout_state(other / "service")

    assert state.uncommitted == ("file.txt", "neu ü.py")
    assert (state.branch, state.upstream, state.ahead, state.behind) == ("main", "origin/main", 0, 1)
    assert state.commit == repository.second


def test_what_the_dashboard_leaves_beside_a_database_is_nobodys_change(repository: Repository) -> None:
    database = repository.service / "shop.db"
    names = name_databases(DatabaseTarget(Dialect.SQLITE, str(database)), run=7, installation="0" * 16)
    with hold_lock(database, wait=1.0):
        for name in (names.restored.name, names.replaced.name):
            for suffix in ("", ".mark", "-wal"):
                Path(name + suffix).touch()

    assert read_checkout_state(repository.service).uncommitted == ()

    (repository.service / "of_shop.db.replaced_7.py").touch()
    database.touch()
    assert read_checkout_state(repository.service).uncommitted == ("of_shop.db.replaced_7.py", "shop.db")


def test_outside_of_git_nothing_is_known(tmp_path: Path) -> None:
    assert read_checkout_state(tmp_path).commit == ""
