"""Script directories on disk are read as Alembic reads them, and nothing in them is run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import ProblemKind, RevisionRecord
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.script_directory import ScriptDirectoryError, read_script_directory
from tests.revisions.histories import histories, ids
from tests.sources.written_projects import alembic_directory, revision_text, write_project

A = RevisionRecord("aaa1", message="the first")
B = RevisionRecord("bbb2", ("aaa1",), message="the second")


def versions(source: ProjectSource) -> Path:
    return source.directory / "alembic" / "versions"


def test_records_come_in_sorted_file_order_with_paths_to_show(tmp_path: Path) -> None:
    reading = read_script_directory(write_project(tmp_path, [B, A]))

    assert [record.revision for record in reading.records] == ["bbb2", "aaa1"]
    assert reading.records[0].path == "alembic/versions/00000_bbb2.py"
    assert reading.records[0].message == "the second"
    assert (reading.unreadable, reading.problems) == ((), ())


def test_every_file_that_a_run_may_use_has_its_hash(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A])
    (versions(source) / "helper.txt").write_text("x")
    (versions(source) / "deeper").mkdir()
    (versions(source) / "deeper" / "data.csv").write_text("x")
    (versions(source) / "__pycache__").mkdir()
    (versions(source) / "__pycache__" / "00000_aaa1.cpython-311.pyc").write_bytes(b"x")
    (source.directory / "alembic" / "demo.db").write_bytes(b"x")

    before = read_script_directory(source).files

    assert list(before) == [
        "alembic.ini",
        "alembic/env.py",
        "alembic/script.py.mako",
        "alembic/versions/00000_aaa1.py",
        "alembic/versions/deeper/data.csv",
        "alembic/versions/helper.txt",
    ]
    for name in before:
        path = source.directory / name
        original = path.read_bytes()
        path.write_bytes(original + b"\n# changed\n")
        after = read_script_directory(source).files
        assert {key for key in after if after[key] != before[key]} == {name}
        path.write_bytes(original)


def test_one_bad_file_never_loses_the_rest(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A, B])
    (versions(source) / "a_helper.py").write_text("x = 1\n")
    (versions(source) / "broken.py").write_text("def (:\n")
    (versions(source) / "zero.py").write_bytes(b"\x00\xff")
    (versions(source) / "folder.py").mkdir()
    (versions(source) / "dangling.py").symlink_to("nowhere.py")
    os.mkfifo(versions(source) / "pipe.py")

    reading = read_script_directory(source)

    assert [record.revision for record in reading.records] == ["aaa1", "bbb2"]
    assert [file.path.rpartition("/")[2] for file in reading.unreadable] == [
        "dangling.py",
        "pipe.py",
        "a_helper.py",
        "broken.py",
        "zero.py",
    ]
    assert next(file for file in reading.unreadable if file.path.endswith("broken.py")).line == 1


def test_a_huge_file_is_told_and_not_parsed(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A, B])
    too_large = versions(source) / "large.py"
    with too_large.open("wb") as file:
        file.truncate(40 * 1024 * 1024)

    (unreadable,) = read_script_directory(source).unreadable

    assert unreadable.path == "alembic/versions/large.py"
    assert "no revision is that long" in unreadable.reason


def test_other_files_of_the_folder_are_no_revisions(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A])
    for name in ("__init__.py", "README", ".keep", "x.mako", "x.sql", "x.csv", "CONTRACT_HEAD", ".#aaa1.py", "a.pyc"):
        (versions(source) / name).write_text("")
    (versions(source) / "deeper").mkdir()
    (versions(source) / "deeper" / "bbb2.py").write_text(revision_text(B))

    reading = read_script_directory(source)

    assert [record.revision for record in reading.records] == ["aaa1"]
    assert reading.unreadable == ()


def test_reading_executes_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "executed"
    bomb = f"open({str(trap)!r}, 'w').write('x')\n"
    project = tmp_path / "project"
    source = write_project(project, [A])
    (project / "alembic" / "env.py").write_text(bomb)
    (project / "alembic" / "__init__.py").write_text(bomb)
    (project / "alembic.py").write_text(bomb)
    (project / "sitecustomize.py").write_text(bomb)
    (project / "package").mkdir()
    (project / "package" / "__init__.py").write_text(bomb)
    for number, place in enumerate(("{bomb}{text}", "{text}\n{bomb}", "{text}\nclass A:\n    {bomb}")):
        record = RevisionRecord(f"trap{number}")
        (versions(source) / f"t{number}.py").write_text(place.format(bomb=bomb, text=revision_text(record)))
    ini = (
        project / "alembic.ini"
    ).read_text() + "version_locations = alembic/versions:package:.\nprepend_sys_path = .\n"
    (project / "alembic.ini").write_text(ini)
    modules = set(sys.modules)

    reading = read_script_directory(source)

    assert {record.revision for record in reading.records} == {"aaa1", "trap0", "trap1", "trap2"}
    assert not trap.exists()
    assert set(sys.modules) == modules
    assert not list(project.rglob("__pycache__"))


@pytest.mark.fault(60)
def test_a_link_out_of_the_script_directory_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text(revision_text(RevisionRecord("secret", message="the secret")))
    source = write_project(tmp_path / "project", [A])
    (versions(source) / "link.py").symlink_to(secret)
    (versions(source) / "relative.py").symlink_to("../../../secret.py")

    reading = read_script_directory(source)

    assert [record.revision for record in reading.records] == ["aaa1"]
    assert [(problem.kind, problem.path.rpartition("/")[2]) for problem in reading.problems] == [
        (ProblemKind.SYMLINK, "link.py"),
        (ProblemKind.SYMLINK, "relative.py"),
    ]
    assert "the secret" not in repr(reading)


@pytest.mark.fault(60)
def test_a_versions_folder_that_is_a_link_out_is_not_followed(tmp_path: Path) -> None:
    source = write_project(tmp_path / "project", [A])
    versions(source).rename(tmp_path / "elsewhere")
    versions(source).symlink_to(tmp_path / "elsewhere")

    reading = read_script_directory(source)

    assert reading.records == ()
    assert [problem.kind for problem in reading.problems] == [ProblemKind.SYMLINK]


def test_a_link_within_the_script_directory_is_read_once(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A])
    (versions(source) / "another_name.py").symlink_to("00000_aaa1.py")

    reading = read_script_directory(source)

    assert [record.revision for record in reading.records] == ["aaa1"]
    assert reading.problems == ()


def test_a_location_named_twice_is_read_once(tmp_path: Path) -> None:
    source = write_project(tmp_path, [A])
    ini = source.config.read_text() + "version_locations = alembic/versions:%(here)s/alembic/./versions\n"
    source.config.write_text(ini)

    assert [record.revision for record in read_script_directory(source).records] == ["aaa1"]


def test_a_missing_versions_folder_is_an_empty_history(tmp_path: Path) -> None:
    source = write_project(tmp_path)
    versions(source).rmdir()

    assert read_script_directory(source).records == ()


def test_no_script_directory_at_all_is_an_error_that_says_what_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ScriptDirectoryError, match=r"alembic\.ini does not exist"):
        read_script_directory(ProjectSource(tmp_path, tmp_path / "alembic.ini"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(most=10))
def test_random_projects_read_as_alembics_script_directory(
    tmp_path_factory: pytest.TempPathFactory, records: list[RevisionRecord]
) -> None:
    directory = tmp_path_factory.mktemp("project")
    source = write_project(directory, records)
    theirs = alembic_directory(source)

    graph = RevisionGraph(read_script_directory(source).records)

    walked = [script.revision for script in theirs.walk_revisions()]
    assert ids(graph.history()) == walked
    assert list(graph.heads) == theirs.get_heads()
    assert list(graph.effective_heads) == theirs.get_heads(consider_depends_on=True)
    assert list(graph.bases) == theirs.get_bases()
    for script in theirs.walk_revisions():
        record = graph.records[script.revision]
        assert record.message == script.doc
        assert (directory / record.path).samefile(script.path)
        assert set(graph.next_revisions(script.revision)) == script.nextrev
        assert set(record.branch_labels) <= script.branch_labels
    shutil.rmtree(directory)
