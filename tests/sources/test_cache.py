"""A cached reading is the reading; whatever changes on disk is seen at once."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.revisions.records import RevisionRecord
from dashboard.sources import cache as cache_module
from dashboard.sources.cache import ReadingCache
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.script_directory import read_script_directory, read_script_directory_at
from tests.sources.repositories import commit_all, git, start_repository
from tests.sources.written_projects import revision_text, write_project

A = RevisionRecord("aaa1", message="the first")
B = RevisionRecord("bbb2", ("aaa1",), message="the second")


@pytest.fixture
def source(tmp_path: Path) -> ProjectSource:
    return write_project(tmp_path / "project", [A, B])


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every file had been there for a while: a change counts as settled at once."""
    monkeypatch.setattr(cache_module, "_SETTLED", -(10**12))


def file_of(source: ProjectSource, number: int = 0) -> Path:
    return sorted((source.directory / "alembic" / "versions").glob("*.py"))[number]


@pytest.mark.usefixtures("settled")
def test_an_unchanged_directory_is_read_once(source: ProjectSource, tmp_path: Path) -> None:
    cache = ReadingCache(tmp_path / "cache")

    first, second = cache.read(source), cache.read(source)

    assert second is first
    assert first.reading == read_script_directory(source)
    assert first.graph.heads == ("bbb2",)


@pytest.mark.usefixtures("settled")
def test_another_process_finds_the_stored_reading(
    source: ProjectSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file_of(source).parent / "broken.py").write_text("x = 1")
    expected = ReadingCache(tmp_path / "cache").read(source)
    monkeypatch.setattr(cache_module, "read_configured", None)

    found = ReadingCache(tmp_path / "cache").read(source)

    assert found.reading == expected.reading


def change_content(source: ProjectSource) -> None:
    path = file_of(source)
    path.write_text(path.read_text().replace("the first", "the other"))


def change_content_and_put_its_time_back(source: ProjectSource) -> None:
    path = file_of(source)
    before = path.stat()
    path.write_text(path.read_text().replace("the first", "the fir5t"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_another_file_of_the_same_size(source: ProjectSource) -> None:
    path = file_of(source)
    other = path.with_suffix(".new")
    other.write_text(path.read_text().replace("the first", "the fir5t"))
    other.replace(path)


def add_a_file(source: ProjectSource) -> None:
    (file_of(source).parent / "z.py").write_text(revision_text(RevisionRecord("ccc3", ("bbb2",))))


def remove_a_file(source: ProjectSource) -> None:
    file_of(source, 1).unlink()


def rename_a_file(source: ProjectSource) -> None:
    file_of(source).rename(file_of(source).with_name("renamed.py"))


def change_env(source: ProjectSource) -> None:
    (source.directory / "alembic" / "env.py").write_text("# other\n")


def change_the_ini(source: ProjectSource) -> None:
    source.config.write_text(source.config.read_text() + "# more\n")


def add_a_helper(source: ProjectSource) -> None:
    (source.directory / "alembic" / "helper.py").write_text("")


def put_a_link_in_place(source: ProjectSource) -> None:
    path = file_of(source)
    path.rename(source.directory / "moved.py")
    path.symlink_to(source.directory / "moved.py")


CHANGES = [
    change_content,
    change_content_and_put_its_time_back,
    replace_by_another_file_of_the_same_size,
    add_a_file,
    remove_a_file,
    rename_a_file,
    change_env,
    change_the_ini,
    add_a_helper,
    put_a_link_in_place,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("settled")
def test_every_change_is_seen(source: ProjectSource, tmp_path: Path, change: Callable[[ProjectSource], None]) -> None:
    cache = ReadingCache(tmp_path / "cache")
    before = cache.read(source).reading
    time.sleep(0.02)

    change(source)

    after = cache.read(source).reading
    assert after != before
    assert after == read_script_directory(source)
    assert ReadingCache(tmp_path / "cache").read(source).reading == after


def test_a_file_that_has_only_just_changed_is_not_trusted(source: ProjectSource, tmp_path: Path) -> None:
    cache = ReadingCache(tmp_path / "cache")

    first, second = cache.read(source), cache.read(source)

    assert first is not second
    assert not (tmp_path / "cache").exists()


def test_a_file_that_changes_while_others_are_read_is_read_again(
    source: ProjectSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = cache_module.read_configured
    changes = iter([change_content])

    def read_and_change(*arguments: object) -> object:
        reading = original(*arguments)  # type: ignore[arg-type]
        for change in changes:
            change(source)
        return reading

    monkeypatch.setattr(cache_module, "read_configured", read_and_change)

    found = ReadingCache(tmp_path / "cache").read(source)

    assert found.reading.records[0].message == "the other"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\x00", b'{"format": 1, "digest": "x"}', b"[" * 100_000]
)
def test_a_damaged_store_is_passed_over(source: ProjectSource, tmp_path: Path, content: bytes) -> None:
    ReadingCache(tmp_path / "cache").read(source)
    (stored,) = (tmp_path / "cache").iterdir()
    stored.write_bytes(content)

    found = ReadingCache(tmp_path / "cache").read(source)

    assert found.reading == read_script_directory(source)


@pytest.mark.usefixtures("settled")
def test_a_store_that_lacks_parts_of_a_reading_is_passed_over(source: ProjectSource, tmp_path: Path) -> None:
    ReadingCache(tmp_path / "cache").read(source)
    (stored,) = (tmp_path / "cache").iterdir()
    document = json.loads(stored.read_text())
    document["reading"]["records"][0] = document["reading"]["records"][0][:4]
    stored.write_text(json.dumps(document))

    assert ReadingCache(tmp_path / "cache").read(source).reading == read_script_directory(source)


@pytest.mark.usefixtures("settled")
def test_a_folder_that_cannot_be_written_costs_only_time(source: ProjectSource, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert ReadingCache(tmp_path / "file" / "cache").read(source).reading == read_script_directory(source)
    assert ReadingCache(None).read(source).reading == read_script_directory(source)


@pytest.mark.usefixtures("settled")
def test_the_store_is_bounded_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.sources import reading_store

    monkeypatch.setattr(reading_store, "_READINGS_KEPT", 3)
    cache = ReadingCache(tmp_path / "cache")
    for number in range(6):
        cache.read(write_project(tmp_path / f"project{number}", [A]))

    stored = list((tmp_path / "cache").iterdir())
    assert len(stored) == 3
    assert {path.stat().st_mode & 0o777 for path in stored} == {0o600}
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("settled")
def test_a_commit_is_read_once_for_equal_trees(source: ProjectSource, tmp_path: Path) -> None:
    start_repository(source.directory)
    first = commit_all(source.directory)
    git(source.directory, "commit", "--quiet", "--allow-empty", "--message", "same files")
    second = git(source.directory, "rev-parse", "HEAD")
    cache = ReadingCache(tmp_path / "cache")

    at_first, at_second = cache.read_at(source, first), cache.read_at(source, second)

    assert at_first.reading == read_script_directory_at(source, first)
    assert at_second.graph is at_first.graph
    assert at_second.reading.commit == second
    with pytest.raises(ScriptDirectoryError):
        cache.read_at(source, "0" * 40)


def test_a_checkout_between_two_readings_is_seen(source: ProjectSource, tmp_path: Path) -> None:
    start_repository(source.directory)
    first = commit_all(source.directory)
    git(source.directory, "switch", "--quiet", "--create", "other")
    change_content(source)
    commit_all(source.directory)
    cache = ReadingCache(tmp_path / "cache")
    before = cache.read(source)

    git(source.directory, "switch", "--quiet", "main")

    after = cache.read(source)
    assert before.reading.records[0].message == "the other"
    assert after.reading.records[0].message == "the first"
    assert after.reading.commit == first


def test_readers_beside_a_writer_always_get_a_whole_reading(source: ProjectSource, tmp_path: Path) -> None:
    cache = ReadingCache(tmp_path / "cache")
    done = threading.Event()
    faults: list[BaseException] = []

    def write() -> None:
        for number in range(60):
            path = file_of(source)
            new = path.with_suffix(".tmp")
            new.write_text(revision_text(RevisionRecord("aaa1", message=f"version {number}")))
            new.replace(path)
        done.set()

    def read() -> None:
        try:
            while not done.is_set():
                found = cache.read(source)
                assert [record.revision for record in found.reading.records] == ["aaa1", "bbb2"]
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=read) for _ in range(3)] + [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert cache.read(source).reading.records[0].message == "version 59"
