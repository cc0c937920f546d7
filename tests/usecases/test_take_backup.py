"""Taking a backup: looked at before it begins, told while it goes on, by a command, and kept as long as asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from dashboard.databases.backup import Doing, Progress
from dashboard.models import Activity, Backup
from dashboard.usecases import look_before_backup, take_backup
from tests.usecases.site import Site


def by_command(site: Site, script: str, extra: str = "") -> Backup:
    """The backup that a shell script takes."""
    (site.folder / "take.sh").write_text(f"#!/bin/sh\n{script}\n")
    (site.folder / "take.sh").chmod(0o755)
    site.configure(f'backup = {{ method = "command", command = ["./take.sh", "--set", "a b"]{extra} }}')
    return site.back_up()


def test_what_it_holds_is_recorded_from_its_own_snapshot(site: Site) -> None:
    site.query("INSERT INTO t1 (id) VALUES (1), (2)")

    backup = site.back_up()

    rows = {name.split(".")[-1].strip('"'): rows for name, rows, _digest in backup.contents["tables"]}
    assert rows == {"alembic_version": 1, "t1": 2}
    assert backup.tables == 2 and backup.data_bytes and backup.expected_bytes
    assert backup.contents_error == ""
    kinds = backup.activities.filter(owner="").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["checking", "copying", "counting"]
    assert not backup.activities.filter(seconds=None).exists()


@pytest.mark.fault(32)
def test_a_disk_without_room_is_told_before_anything_is_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.back_up()
    monkeypatch.setattr("dashboard.databases.backup_file.shutil.disk_usage", lambda path: _Usage())

    backup = site.back_up()

    assert backup.state == "failed"
    assert "Nothing was begun: the backup needs at least" in backup.error and "0.0 MB are free" in backup.error
    assert len(list((site.folder / "var" / "backups").iterdir())) == 1


class _Usage:
    free = 10


@pytest.mark.fault(38)
def test_a_table_that_may_not_be_read_is_told_before_anything_is_written(postgres_site: Site, monkeypatch: Any) -> None:
    site = postgres_site
    site.query("DROP ROLE IF EXISTS reader")
    site.query("CREATE ROLE reader LOGIN PASSWORD 'reading-secret'")
    try:
        site.query("GRANT SELECT ON alembic_version TO reader")
        host = site.url.partition("@")[2] if site.url.count("@") == 1 else site.url.rpartition("@")[2]
        monkeypatch.setenv("TEST_URL", f"postgresql://reader:reading-secret@{host}")

        backup = site.back_up()
    finally:
        site.query("DROP OWNED BY reader")
        site.query("DROP ROLE reader")

    assert backup.state == "failed" and 'may not read the table "public"."t1"' in backup.error
    assert "GRANT SELECT" in backup.error
    assert not (site.folder / "var" / "backups").exists()


def test_how_far_it_is_is_stored_while_it_goes_on(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    real = take_backup.take_backup

    def watched(*arguments: Any, progress: Any, **named: Any) -> Any:
        def tell(told: Progress) -> None:
            progress(told)
            seen.append(Activity.objects.values_list("kind", "bytes_done", "tables_done").latest("pk"))

        tell(Progress(Doing.COPYING, 1234, 1))
        return real(*arguments, progress=tell, **named)

    monkeypatch.setattr(take_backup, "take_backup", watched)

    sqlite_site.back_up()

    assert seen[0] == ("copying", 1234, 1)


def test_the_size_to_expect_is_learnt_from_the_backup_before(postgres_site: Site) -> None:
    first = postgres_site.back_up()
    Backup.objects.update(size=first.data_bytes // 2)

    second = postgres_site.back_up()

    assert second.expected_bytes == pytest.approx(second.data_bytes / 2, rel=0.1)
    assert first.expected_bytes == int(first.data_bytes * look_before_backup.USUAL_RATIO)


def test_a_command_takes_a_backup_of_which_its_reference_and_output_are_kept(site: Site) -> None:
    script = (
        'test "$2" = "a b" || exit 9\necho "revisions $BACKUP_REVISIONS of $BACKUP_PROJECT/$BACKUP_ENVIRONMENT"\n'
        'echo "reference: snapshot $BACKUP_NUMBER" >&2\necho done'
    )
    site.configure('backup = { method = "command", command = ["true"] }')
    plan = site.plan()

    backup = by_command(site, script)

    assert (backup.state, backup.method, backup.exit_code) == ("proven", "command", 0), backup.error
    assert backup.where == f"snapshot {backup.pk}" and "revisions r1 of api/production" in backup.output
    assert backup.rows == ["r1"] and backup.identity
    assert timezone.now() - backup.taken_at < timedelta(minutes=1)
    assert site.review(plan).token != ""
    run = site.execute(site.confirm(plan))
    assert run.outcome == "succeeded" and run.log.filter(text__contains="taken by a command").exists()


def test_without_a_reference_its_last_line_is_kept_and_its_own_time_counts(sqlite_site: Site) -> None:
    at = (timezone.now() - timedelta(minutes=30)).astimezone(UTC).isoformat()

    backup = by_command(sqlite_site, f'echo "taken_at: {at}"\necho 20261124-120000F')

    assert backup.where == "20261124-120000F"
    assert timedelta(minutes=29) < timezone.now() - backup.taken_at < timedelta(minutes=31)


@pytest.mark.parametrize(
    ("script", "told", "code"),
    [
        ("echo no space on the repository; exit 3", "failed (exit code 3): no space on the repository", 3),
        ("exit 4", "failed (exit code 4): it said nothing", 4),
        ("kill -9 $$", "failed (signal 9)", -9),
        ("echo taken_at: yesterday", "said taken_at: yesterday, which is no time with a zone", 0),
        ("echo taken_at: 2026-11-24T12:00:00", "which is no time with a zone", 0),
        ("echo taken_at: 2999-01-01T00:00:00Z", "which is still to come", 0),
    ],
)
def test_a_command_that_fails_is_told_with_its_exit_code_and_words(
    sqlite_site: Site, script: str, told: str, code: int
) -> None:
    backup = by_command(sqlite_site, script)

    assert backup.state == "failed" and told in backup.error and backup.exit_code == code


def test_a_command_that_is_not_there_or_takes_too_long_is_told(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure('backup = { method = "command", command = ["no-such-program"] }')
    assert "no-such-program could not be started" in site.back_up().error

    started = timezone.now()
    backup = by_command(site, "echo waiting; sleep 60", ', timeout = "1s"')

    assert "was ended: it took longer" in backup.error and backup.output == "waiting"
    assert timezone.now() - started < timedelta(seconds=10)


@pytest.mark.fault(56)
def test_the_end_of_a_command_s_output_is_kept_clean_and_short_however_much_it_says(sqlite_site: Site) -> None:
    script = "head -c 100000000 /dev/zero | tr '\\\\0' x\nprintf '\\n\\377\\000\\033[31mthe end\\033[0m\\n'"

    backup = by_command(sqlite_site, script)

    assert backup.state == "proven", backup.error
    assert len(backup.output) < 5000 and backup.output.endswith("\ufffdthe end") and backup.where == "\ufffdthe end"


@pytest.mark.fault(57)
def test_a_command_is_given_the_environment_s_variables_and_what_it_says_is_masked(
    postgres_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_SECRET_KEY", "the-dashboards-own")

    backup = by_command(
        postgres_site, 'printf "\\033[31mpassword\\033[0m %s\\n" "$DATABASE_PASSWORD"\nenv\necho "$DATABASE_URL"'
    )

    assert "password •••" in backup.output and backup.state == "proven"
    for secret in ("p%@/:#w'\" x", "the-dashboards-own", "\x1b"):
        assert secret not in backup.output and secret not in backup.where
    assert backup.where == "•••"


def test_a_version_table_that_changed_while_the_command_ran_is_told(sqlite_site: Site) -> None:
    path = sqlite_site.folder / "production.db"
    change = f"import sqlite3; c = sqlite3.connect('{path}'); c.execute(\\\"UPDATE alembic_version SET version_num = 'r2'\\\"); c.commit()"

    backup = by_command(sqlite_site, f'python3 -c "{change}"')

    assert backup.state == "failed" and "version table changed" in backup.error


def test_beyond_the_number_kept_the_oldest_go_unless_a_confirmation_of_the_last_30_days_names_them(
    sqlite_site: Site,
) -> None:
    site = sqlite_site
    site.configure("backup = { keep = 1 }")
    run = site.upgrade("r2")
    named = run.confirmation.backup

    second, third = site.back_up(), site.back_up()

    states = dict(Backup.objects.values_list("pk", "state"))
    assert states == {named.pk: "proven", second.pk: "deleted", third.pk: "proven"}
    assert Path(named.path).exists() and Path(third.path).exists() and not Path(second.path).exists()
    run.confirmation.created_at = timezone.now() - timedelta(days=31)
    run.confirmation.save()
    site.back_up()
    named.refresh_from_db()
    assert named.state == "deleted" and not Path(named.path).exists()


def test_names_tell_environment_time_and_revision(sqlite_site: Site) -> None:
    name = Path(sqlite_site.back_up().path).name

    assert name.startswith(f"api-production-{datetime.now(UTC):%Y%m%d}T") and "-r1-" in name


def test_a_backup_that_failed_its_first_proof_leaves_no_file(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = take_backup.take_backup

    def damaging(*arguments: Any, **named: Any) -> Any:
        file = real(*arguments, **named)
        with file.path.open("r+b") as stream:
            stream.seek(5000)
            stream.write(b"damage")
        return file

    monkeypatch.setattr(take_backup, "take_backup", damaging)

    backup = sqlite_site.back_up()

    assert backup.state == "failed" and "sha256" in backup.error
    assert list((sqlite_site.folder / "var" / "backups").iterdir()) == []
