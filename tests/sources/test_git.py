"""Script directories at any commit, read through git without touching the work tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.revisions.records import ProblemKind, RevisionRecord
from dashboard.sources.git import head_commit
from dashboard.sources.git_history import file_history
from dashboard.sources.git_refs import RefKind, RefRefused, list_refs, resolve_ref
from dashboard.sources.git_search import find_revisions
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.script_directory import (
    ScriptDirectoryError,
    read_script_directory,
    read_script_directory_at,
)
from tests.sources.repositories import commit_all, git, start_repository
from tests.sources.written_projects import revision_text, write_project

A = RevisionRecord("aaa1", message="the first")
B = RevisionRecord("bbb2", ("aaa1",), message="the second")
C = RevisionRecord("ccc3", ("aaa1",), message="only on a branch")


@pytest.fixture
def source(tmp_path: Path) -> ProjectSource:
    """A project in a sub-folder of a repository: aaa1 on main; bbb2 on main's work tree, not committed."""
    written = write_project(tmp_path / "repo" / "service", [A])
    start_repository(tmp_path / "repo")
    commit_all(tmp_path / "repo")
    return written


def versions(source: ProjectSource) -> Path:
    return source.directory / "alembic" / "versions"


def add(source: ProjectSource, record: RevisionRecord) -> Path:
    path = versions(source) / f"{record.revision}.py"
    path.write_text(revision_text(record))
    return path


def test_the_checked_out_commit_is_told(source: ProjectSource, tmp_path: Path) -> None:
    assert head_commit(source.directory) == git(source.directory, "rev-parse", "HEAD")
    assert read_script_directory(source).commit == head_commit(source.directory)
    assert read_script_directory(replace(source, git=False)).commit == ""
    assert head_commit(tmp_path) == ""
    assert head_commit(tmp_path / "missing") == ""


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    start_repository(tmp_path)

    assert head_commit(tmp_path) == ""


def test_a_commit_reads_the_same_as_the_work_tree_it_was_made_of(source: ProjectSource) -> None:
    add(source, B)
    commit = commit_all(source.directory)

    on_disk, at_commit = read_script_directory(source), read_script_directory_at(source, commit)

    assert at_commit == on_disk


def test_a_branch_is_read_while_the_work_tree_stays_as_it_is(source: ProjectSource) -> None:
    git(source.directory, "switch", "--quiet", "--create", "feature-x")
    add(source, C)
    commit_all(source.directory)
    git(source.directory, "switch", "--quiet", "main")
    add(source, B)

    reading = read_script_directory_at(source, resolve_ref(source.directory, "feature-x"))

    assert [record.revision for record in reading.records] == ["aaa1", "ccc3"]
    assert git(source.directory, "status", "--porcelain") == "?? service/alembic/versions/bbb2.py"
    assert git(source.directory, "branch", "--show-current") == "main"


def test_a_commit_without_the_project_is_an_error_that_says_so(source: ProjectSource) -> None:
    top = source.directory.parent
    git(top, "switch", "--quiet", "--orphan", "empty")
    git(top, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    git(top, "switch", "--quiet", "main")

    with pytest.raises(ScriptDirectoryError, match="does not exist"):
        read_script_directory_at(source, resolve_ref(source.directory, "empty"))


@pytest.mark.parametrize("commit", ["0" * 40, "main", "", "--help", "HEAD"])
def test_only_a_whole_commit_id_is_read(source: ProjectSource, commit: str) -> None:
    with pytest.raises(ScriptDirectoryError, match="commit"):
        read_script_directory_at(source, commit)


@pytest.mark.fault(60)
def test_a_committed_link_is_followed_inside_and_refused_outside(source: ProjectSource) -> None:
    (source.directory / "elsewhere.py").write_text(revision_text(C))
    (versions(source) / "in.py").symlink_to("../kept/inside.py")
    (source.directory / "alembic" / "kept").mkdir()
    (source.directory / "alembic" / "kept" / "inside.py").write_text(revision_text(B))
    (versions(source) / "out.py").symlink_to("../../elsewhere.py")
    (versions(source) / "absolute.py").symlink_to("/etc/passwd")
    (versions(source) / "loop.py").symlink_to("loop.py")
    commit = commit_all(source.directory)

    reading = read_script_directory_at(source, commit)

    assert [record.revision for record in reading.records] == ["aaa1", "bbb2"]
    assert [problem.path.rpartition("/")[2] for problem in reading.problems] == ["absolute.py", "out.py"]
    assert {problem.kind for problem in reading.problems} == {ProblemKind.SYMLINK}
    assert [file.path.rpartition("/")[2] for file in reading.unreadable] == ["loop.py"]


@pytest.mark.fault(59)
@pytest.mark.parametrize(
    "name",
    [
        "--output=x",
        "-h",
        "../../x",
        "",
        " ",
        "main..feature",
        "main...feature",
        "HEAD:README",
        ":/change",
        "HEAD@{1}",
        "@{-1}",
        "^main",
        "main^{tree}",
        "main\nHEAD",
        "main\x00",
        "a b",
        "*",
        "refs/heads/",
        "/etc/passwd",
        "x" * 300,
        "nobody",
        "0" * 40,
        "HEAD~99999",
    ],
)
def test_a_hostile_or_unknown_ref_is_refused_and_leaves_no_file(
    source: ProjectSource, name: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(RefRefused):
        resolve_ref(source.directory, name)

    assert [path for path in sorted(tmp_path.rglob("*")) if ".git" not in path.parts] == [
        path for path in before if ".git" not in path.parts
    ]


def test_refs_in_every_usual_form_are_resolved(source: ProjectSource) -> None:
    first = head_commit(source.directory)
    add(source, B)
    second = commit_all(source.directory)
    git(source.directory, "tag", "v1.0")
    git(source.directory, "tag", "--annotate", "v1.1", "--message", "annotated")
    git(source.directory, "branch", "feature/ünï-1", first)

    for name in ("main", "HEAD", "v1.0", "v1.1", second, second[:10], "refs/heads/main", "heads/main"):
        assert resolve_ref(source.directory, name) == second
    for name in ("feature/ünï-1", "main~1", "main^", "HEAD~1"):
        assert resolve_ref(source.directory, name) == first


def test_refs_are_listed_newest_first(source: ProjectSource) -> None:
    first = head_commit(source.directory)
    git(source.directory, "tag", "--annotate", "v1", "--message", "x")
    git(source.directory, "update-ref", "refs/remotes/origin/feature-x", first)
    git(source.directory, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/feature-x")
    add(source, B)
    second = commit_all(source.directory, date="2024-06-01T00:00:00+02:00")

    refs = list_refs(source.directory)

    assert (refs[0].name, refs[0].kind, refs[0].commit) == ("main", RefKind.BRANCH, second)
    assert {(ref.name, ref.kind, ref.commit) for ref in refs[1:]} == {
        ("v1", RefKind.TAG, first),
        ("origin/feature-x", RefKind.REMOTE, first),
    }
    assert refs[0].committed_at == datetime(2024, 5, 31, 22, tzinfo=UTC)


def test_each_file_has_its_author_and_date_through_renames(source: ProjectSource) -> None:
    path = add(source, B)
    added = commit_all(source.directory, date="2024-06-01T00:00:00+02:00", author="Grace & Co")
    path.write_text(path.read_text() + "\n# touched\n")
    commit_all(source.directory, date="2024-07-01T00:00:00+00:00", author="Linus")
    path.rename(versions(source) / "renamed.py")
    commit_all(source.directory, date="2024-08-01T00:00:00+00:00", author="Guido")
    add(source, C)

    names = ["alembic/versions/00000_aaa1.py", "alembic/versions/renamed.py", "alembic/versions/ccc3.py"]
    history = file_history(source.directory, names)

    assert set(history) == set(names[:2])
    assert history[names[0]].author == "Ada"
    assert history[names[1]].author == "Grace & Co"
    assert history[names[1]].commit == added
    assert history[names[1]].committed_at == datetime(2024, 5, 31, 22, tzinfo=UTC)


def test_history_outside_of_a_repository_is_empty(tmp_path: Path) -> None:
    assert file_history(tmp_path, ["x.py"]) == {}


def test_a_foreign_revision_is_found_on_the_refs_that_have_it(source: ProjectSource) -> None:
    git(source.directory, "switch", "--quiet", "--create", "feature-x")
    add(source, C)
    commit = commit_all(source.directory)
    git(source.directory, "update-ref", "refs/remotes/origin/feature-x", commit)
    git(source.directory, "switch", "--quiet", "main")

    found = find_revisions([versions(source)], ["ccc3", "ccc", "nobody"])

    assert list(found) == ["ccc3"]
    assert {ref.name for ref in found["ccc3"].refs} == {"feature-x", "origin/feature-x"}
    assert found["ccc3"].message == "only on a branch"
    assert found["ccc3"].path == "service/alembic/versions/ccc3.py"


def test_what_a_repository_configures_to_run_is_not_run(source: ProjectSource, tmp_path: Path) -> None:
    trap = tmp_path / "executed"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trap}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "diff.external", "core.sshCommand", "core.hooksPath"):
        git(source.directory, "config", key, str(program if key != "core.hooksPath" else tmp_path))
    git(source.directory, "config", "log.showSignature", "true")
    (tmp_path / "repo" / ".gitattributes").write_text("*.py diff=trap filter=trap\n")
    git(source.directory, "config", "diff.trap.textconv", str(program))
    git(source.directory, "config", "filter.trap.smudge", str(program))
    commit = head_commit(source.directory)

    read_script_directory_at(source, commit)
    file_history(source.directory, ["alembic/versions/00000_aaa1.py"])
    find_revisions([versions(source)], ["nobody"])
    list_refs(source.directory)

    assert not trap.exists()


def test_gits_own_variables_do_not_lead_elsewhere(
    source: ProjectSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = head_commit(source.directory)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))

    assert head_commit(source.directory) == commit


def test_a_repository_reached_through_a_link_is_read(source: ProjectSource, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    directory = tmp_path / "link" / "service"
    through_link = ProjectSource(directory, directory / "alembic.ini")
    commit = head_commit(directory)

    assert [record.revision for record in read_script_directory(through_link).records] == ["aaa1"]
    assert [record.revision for record in read_script_directory_at(through_link, commit).records] == ["aaa1"]
    assert list(file_history(directory, ["alembic/versions/00000_aaa1.py"])) == ["alembic/versions/00000_aaa1.py"]
