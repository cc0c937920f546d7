"""A backup of PostgreSQL that was damaged, emptied or replaced is no backup any more."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup import BackupFile, BackupRejected, delete_backup, hash_backup, read_through
from tests.postgresql import Server

Take = Callable[..., BackupFile]


@pytest.mark.usefixtures("filled")
def test_a_whole_backup_reads_through(take: Take, target: DatabaseTarget, postgres_server: Server) -> None:
    proof = read_through(target, take().path, tools=str(postgres_server.bin), deadline=30)

    assert proof.entries == 4
    assert proof.seconds > 0


def _largest(folder: Path) -> Path:
    return max(folder.glob("*.dat.gz"), key=lambda path: path.stat().st_size)


def _empty(folder: Path) -> None:
    _largest(folder).write_bytes(b"")


def _replace(folder: Path) -> None:
    _largest(folder).write_text("nothing of a table\n")


def _truncate(folder: Path) -> None:
    with _largest(folder).open("r+b") as file:
        file.truncate(_largest(folder).stat().st_size * 9 // 10)


def _flip(folder: Path) -> None:
    path = _largest(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _lose(folder: Path) -> None:
    _largest(folder).unlink()


def _empty_contents(folder: Path) -> None:
    (folder / "toc.dat").write_bytes(b"")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_empty, marks=pytest.mark.fault(33)),
        pytest.param(_empty_contents, marks=pytest.mark.fault(33)),
        pytest.param(_truncate, marks=pytest.mark.fault(34)),
        pytest.param(_flip, marks=pytest.mark.fault(35)),
        pytest.param(_replace, marks=pytest.mark.fault(37)),
        _lose,
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_damaged_backup_is_rejected(
    take: Take, target: DatabaseTarget, postgres_server: Server, damage: Callable[[Path], None]
) -> None:
    backup = take()
    damage(backup.path)

    assert hash_backup(backup.path) != (backup.size, backup.sha256)
    with pytest.raises(BackupRejected, match="Take another backup"):
        read_through(target, backup.path, tools=str(postgres_server.bin), deadline=30)


@pytest.mark.fault(36)
@pytest.mark.usefixtures("filled")
def test_a_flipped_byte_in_an_uncompressed_dump_is_seen_by_its_hash(take: Take) -> None:
    backup = take()
    packed = _largest(backup.path)
    plain = packed.with_suffix("")
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    before = hash_backup(backup.path)
    content = bytearray(plain.read_bytes())
    content[1000] ^= 1
    plain.write_bytes(content)

    assert hash_backup(backup.path) != before


@pytest.mark.fault(33)
def test_a_folder_without_contents_is_no_backup(target: DatabaseTarget, tmp_path: Path) -> None:
    with pytest.raises(BackupRejected, match="no table of contents"):
        read_through(target, tmp_path, tools="", deadline=5)


@pytest.mark.fault(37)
@pytest.mark.usefixtures("filled")
def test_a_file_replaced_by_a_link_is_rejected(take: Take, tmp_path: Path) -> None:
    backup = take()
    moved = _largest(backup.path).rename(tmp_path / "elsewhere")
    (backup.path / "link.dat.gz").symlink_to(moved)

    with pytest.raises(BackupRejected):
        hash_backup(backup.path)


@pytest.mark.usefixtures("filled")
def test_its_hash_is_what_sha256sum_says(take: Take) -> None:
    backup = take()

    said = subprocess.run(
        "LC_ALL=C sha256sum * | sha256sum", shell=True, cwd=backup.path, capture_output=True, check=True
    )

    assert said.stdout.split()[0].decode() == backup.sha256


@pytest.mark.usefixtures("filled")
def test_a_deleted_backup_is_gone_and_may_be_deleted_again(take: Take) -> None:
    backup = take()

    delete_backup(backup.path)
    delete_backup(backup.path)

    with pytest.raises(BackupRejected, match="gone"):
        hash_backup(backup.path)
