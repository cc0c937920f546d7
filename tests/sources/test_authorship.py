"""Who brought a file in, kept from commit to commit."""

from __future__ import annotations

from pathlib import Path

from dashboard.sources import authorship
from dashboard.sources.authorship import Authorship
from tests.sources.repositories import commit_all, git, start_repository


def authors(kept: Authorship, directory: Path, *paths: str) -> dict[str, str]:
    """By path, at the checked-out commit."""
    found = kept.of(directory, paths, git(directory, "rev-parse", "HEAD"))
    return {path: commit.author for path, commit in found.items()}


def write(directory: Path, name: str, text: str = "") -> None:
    (directory / name).write_text(text or f"file {name}\n" * 20)


def test_only_what_came_since_is_walked(tmp_path: Path) -> None:
    start_repository(tmp_path)
    kept = Authorship()
    write(tmp_path, "a.py")
    first = commit_all(tmp_path, author="Ada")
    assert authors(kept, tmp_path, "a.py") == {"a.py": "Ada"}
    write(tmp_path, "b.py")
    second = commit_all(tmp_path, author="Grace")

    asked = []
    walk = authorship.file_history
    authorship.file_history = lambda *given, commit: asked.append(commit) or walk(*given, commit=commit)  # type: ignore
    try:
        assert authors(kept, tmp_path, "a.py", "b.py") == {"a.py": "Ada", "b.py": "Grace"}
    finally:
        authorship.file_history = walk

    assert asked == [f"{first}..{second}"]


def test_a_renamed_file_keeps_its_author(tmp_path: Path) -> None:
    start_repository(tmp_path)
    kept = Authorship()
    write(tmp_path, "a.py")
    commit_all(tmp_path, author="Ada")
    authors(kept, tmp_path, "a.py")
    git(tmp_path, "mv", "a.py", "z.py")
    commit_all(tmp_path, author="Grace")

    assert authors(kept, tmp_path, "z.py") == {"z.py": "Ada"}


def test_a_file_that_is_committed_later_is_found_then(tmp_path: Path) -> None:
    start_repository(tmp_path)
    kept = Authorship()
    write(tmp_path, "a.py")
    commit_all(tmp_path, author="Ada")
    write(tmp_path, "new.py")
    assert authors(kept, tmp_path, "a.py", "new.py") == {"a.py": "Ada"}
    commit_all(tmp_path, author="Grace")

    assert authors(kept, tmp_path, "a.py", "new.py") == {"a.py": "Ada", "new.py": "Grace"}


def test_another_branch_is_asked_anew(tmp_path: Path) -> None:
    start_repository(tmp_path)
    kept = Authorship()
    write(tmp_path, "base.py")
    commit_all(tmp_path, author="Ada")
    git(tmp_path, "branch", "other")
    write(tmp_path, "a.py")
    commit_all(tmp_path, author="Grace")
    assert authors(kept, tmp_path, "a.py") == {"a.py": "Grace"}
    git(tmp_path, "switch", "--quiet", "other")
    write(tmp_path, "a.py")
    commit_all(tmp_path, author="Edsger")

    assert authors(kept, tmp_path, "a.py") == {"a.py": "Edsger"}


def test_another_process_finds_what_was_kept_and_bears_what_is_damaged(tmp_path: Path) -> None:
    project, folder = tmp_path / "project", tmp_path / "kept"
    project.mkdir()
    start_repository(project)
    write(project, "a.py")
    commit_all(project, author="Ada")
    authors(Authorship(folder), project, "a.py")
    (file,) = folder.iterdir()
    file.write_text(file.read_text().replace("Ada", "From the file"))

    assert authors(Authorship(folder), project, "a.py") == {"a.py": "From the file"}

    file.write_text("{")
    assert authors(Authorship(folder), project, "a.py") == {"a.py": "Ada"}
