"""A backup of PostgreSQL is whole and proven, or there is none; and the message says what to mend."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.database_target import DatabaseTarget
from dashboard.databases import database_for
from dashboard.databases.backup import (
    BackupFailed,
    BackupFile,
    BackupUnavailable,
    Progress,
    check_backup,
    hash_backup,
)
from tests.databases.conftest import open_transaction
from tests.postgresql import Server

Execute = Callable[..., list[tuple[Any, ...]]]
Take = Callable[..., BackupFile]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").glob("*"))


@pytest.mark.usefixtures("filled")
def test_it_restores_to_the_same_schema_and_rows(
    target: DatabaseTarget, postgres_server: Server, take: Take, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    seen: list[Progress] = []

    backup = take(progress=seen.append)

    assert before <= backup.taken_at <= datetime.now(UTC)
    assert backup.path == tmp_path / "backups" / "api-staging-1.pgdump"
    assert (backup.size, backup.sha256) == hash_backup(backup.path)
    assert backup.tool.startswith("pg_dump ")
    assert backup.tables == 2
    assert (seen[-1].bytes, seen[-1].tables) == (backup.size, 2)
    copy = replace(target, name=f"{target.name}_copy")
    postgres_server.create_database(copy.name)
    variables = {"PGHOST": target.host, "PGPORT": str(target.port), "PGUSER": target.user}
    variables["PGPASSWORD"] = target.password
    subprocess.run(
        [postgres_server.bin / "pg_restore", "-d", copy.name, backup.path], env=os.environ | variables, check=True
    )
    assert database_for(copy).schema_digest(timeout=10) == database_for(target).schema_digest(timeout=10)
    assert database_for(copy).observe(timeout=5).rows == ("a1",)
    connection = postgres_server.connect()
    connection.cursor().execute(f'DROP DATABASE "{copy.name}" WITH (FORCE)')
    connection.close()


@pytest.mark.usefixtures("filled")
def test_only_this_account_may_read_it(take: Take) -> None:
    backup = take()

    assert backup.path.parent.stat().st_mode & 0o777 == 0o700
    assert backup.path.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in backup.path.iterdir()} == {0o600}


@pytest.mark.fault(57)
@pytest.mark.usefixtures("filled")
def test_the_password_is_in_no_argument_and_no_file_stays(
    take: Take, target: DatabaseTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So early that a process has no arguments yet, nothing would be seen of a quick dump.
    monkeypatch.setattr("dashboard.databases.external_program.BETWEEN_LOOKS", 0.01)
    arguments: list[bytes] = []
    variables: list[bytes] = []

    def look(done: Progress) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes()
                if b"pg_dump" in line and str(tmp_path).encode() in line:
                    arguments.append(line)
                    variables.append((folder / "environ").read_bytes())
            except OSError:
                continue

    take(progress=look)

    assert arguments
    assert not any(target.password.encode() in text for text in arguments + variables)
    assert not any(target.host.encode() in line for line in arguments)
    password_files = {v for text in variables for v in text.split(b"\0") if v.startswith(b"PGPASSFILE=")}
    assert password_files
    assert not any(Path(os.fsdecode(v.partition(b"=")[2])).exists() for v in password_files)


@pytest.mark.usefixtures("filled")
def test_its_snapshot_is_of_one_moment(take: Take, execute: Execute) -> None:
    written = threading.Event()

    def write(done: Progress) -> None:
        if not written.is_set():
            execute("UPDATE alembic_version SET version_num = 'b2'; INSERT INTO big VALUES (0, 'late')")
            written.set()

    backup = take(progress=write)

    contents = b"".join(gzip.decompress(p.read_bytes()) for p in backup.path.glob("*.dat.gz"))
    assert written.is_set()
    assert b"late" not in contents
    assert b"a1\n" in contents


@pytest.mark.fault(30)
def test_missing_programs_are_told_before_anything_starts(target: DatabaseTarget, take: Take, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(BackupUnavailable, match=r"not found in .*Install PostgreSQL \d+'s client programs"):
        check_backup(target, directory=tmp_path, tools=str(tmp_path / "empty"), timeout=5)
    with pytest.raises(BackupUnavailable):
        take(tools=str(tmp_path / "empty"))

    assert leftovers(tmp_path) == []


@pytest.mark.fault(31)
def test_programs_older_than_the_server_are_told_with_versions(
    target: DatabaseTarget, take: Take, tmp_path: Path
) -> None:
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 9.6.24'\n")
        (tmp_path / name).chmod(0o755)

    with pytest.raises(BackupUnavailable, match=r"older than the server PostgreSQL \d+\.\d+: found 9\.6\.?\d*"):
        check_backup(target, directory=tmp_path, tools=str(tmp_path), timeout=5)
    with pytest.raises(BackupUnavailable):
        take(tools=str(tmp_path))

    assert leftovers(tmp_path) == []


def test_programs_newer_than_the_server_are_used_with_a_warning(target: DatabaseTarget, tmp_path: Path) -> None:
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 99.1'\n")
        (tmp_path / name).chmod(0o755)

    tooling = check_backup(target, directory=tmp_path, tools=str(tmp_path), timeout=5).tooling

    assert tooling.version == "pg_dump 99.1"
    assert "newer than the server" in tooling.warning


def test_a_server_that_is_not_there_is_told(target: DatabaseTarget, take: Take) -> None:
    with pytest.raises(BackupUnavailable, match="Check host and port"):
        take(replace(target, port=1))


@pytest.mark.fault(32)
@pytest.mark.usefixtures("filled")
def test_a_full_disk_leaves_no_partial_file(take: Take, small_disk: Path) -> None:
    with pytest.raises(BackupFailed):
        take(directory=small_disk / "backups")

    assert leftovers(small_disk) == []


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("end", [{"stop": lambda: True}, {"deadline": 1.0}], ids=["stopped", "past its deadline"])
def test_an_ended_backup_leaves_no_partial_file_and_no_session(
    take: Take, execute: Execute, tmp_path: Path, end: dict[str, Any]
) -> None:
    # Fewer rows could be dumped before anybody looks; the lock keeps pg_dump waiting.
    started = time.monotonic()
    execute("BEGIN; LOCK TABLE big")

    with pytest.raises(BackupFailed, match="The backup was ended"):
        take(**end)

    execute("ROLLBACK")
    assert time.monotonic() - started < 4
    assert leftovers(tmp_path) == []
    time.sleep(0.3)
    assert execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alembic-dashboard backup'"
        " AND datname = current_database()"
    ) == [(0,)]


@pytest.mark.fault(38)
@pytest.mark.usefixtures("filled")
def test_a_table_that_may_not_be_read_is_named(
    target: DatabaseTarget, execute: Execute, role: str, take: Take, tmp_path: Path
) -> None:
    execute(f"GRANT SELECT ON alembic_version TO {role}")

    with pytest.raises(
        BackupUnavailable, match=r'may not read the table "public"."big". GRANT SELECT ON "public"."big" TO "plain"'
    ):
        take(replace(target, user=role, password="plain-secret"))

    assert leftovers(tmp_path) == []


@pytest.mark.fault(39)
@pytest.mark.usefixtures("filled")
def test_row_security_is_a_clear_error(
    target: DatabaseTarget, execute: Execute, role: str, take: Take, tmp_path: Path
) -> None:
    execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; ALTER TABLE big ENABLE ROW LEVEL SECURITY")

    with pytest.raises(BackupUnavailable, match=r'hides rows of "public"."big" from plain.*BYPASSRLS'):
        take(replace(target, user=role, password="plain-secret"))

    assert leftovers(tmp_path) == []


@pytest.mark.fault(40)
@pytest.mark.usefixtures("filled")
def test_a_locked_table_ends_the_backup_by_its_own_lock_wait(
    target: DatabaseTarget, postgres_server: Server, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.databases.postgresql.dump.LOCK_WAIT_MILLISECONDS", 300)

    with (
        open_transaction(postgres_server, target.name, "LOCK TABLE big"),
        pytest.raises(BackupFailed, match="locked by another session"),
    ):
        take()

    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("filled")
def test_a_name_that_is_taken_is_not_overwritten(take: Take) -> None:
    backup = take()

    with pytest.raises(BackupFailed, match="there already"):
        take()

    assert hash_backup(backup.path) == (backup.size, backup.sha256)
