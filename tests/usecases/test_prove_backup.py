"""A backup is proven rung by rung, up to a copy that equals its snapshot; and what that leaves behind is swept."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.utils import timezone

from dashboard.databases.contents import contents_from_json
from dashboard.databases.scratch import scratch_database
from dashboard.models import Backup, Proof
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.keep_backups import end_lost_proofs, sweep_scratch_databases
from dashboard.usecases.prove_backup import ProofRefused, prove_backup_now, request_proof
from dashboard.usecases.scratch_places import find_place, mark_for
from tests.postgresql import Server
from tests.usecases.running import wait_for
from tests.usecases.site import Site, make_person

RESTORE = 'backup = { verify = "restore" }'


def scratch_lines(server: Server, monkeypatch: pytest.MonkeyPatch, **changes: str) -> str:
    """Configuration of a scratch server, the test server itself unless told otherwise."""
    user, password = changes.get("user", server.admin), changes.get("password", server.password)
    port = changes.get("port", server.port)
    url = f"postgresql://{user}:{quote(password, safe='')}@{server.host}:{port}/postgres"
    monkeypatch.setenv("SCRATCH_URL", url)
    return 'scratch = { url = { env = "SCRATCH_URL" } }'


@pytest.fixture
def site_with_scratch(site: Site, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Site:
    """On both databases; the policy asks for a restored backup."""
    scratch = ""
    if site.dialect == "postgresql":
        scratch = scratch_lines(request.getfixturevalue("postgres_server"), monkeypatch)
    site.configure(f"{RESTORE}\n{scratch}")
    return site


def prove(site: Site, backup: Backup, up_to: str = "restore") -> Proof:
    proof = request_proof(user=site.operator, backup_id=backup.pk, up_to=up_to)
    prove_backup_now(proof_id=proof.pk)
    proof.refresh_from_db()
    backup.refresh_from_db()
    return proof


def rungs_of(proof: Proof) -> list[tuple[str, str]]:
    return [(rung["name"], rung["state"]) for rung in proof.rungs]


ALL = [("size", "passed"), ("sha256", "passed"), ("read through", "passed"), ("restored", "passed")]


def scratches(site: Site) -> list[str]:
    if site.dialect == "sqlite":
        return sorted(path.name for path in (site.folder / "var" / "backups").glob("dashboard_scratch_*"))
    return [row[0] for row in site.query("SELECT datname FROM pg_database WHERE datname LIKE 'dashboard\\_scratch%'")]


def test_a_policy_of_restoring_is_met_by_a_copy_that_equals_the_snapshot(site_with_scratch: Site) -> None:
    site = site_with_scratch
    plan = site.plan()

    backup = site.back_up()

    proof = backup.proofs.get()
    assert backup.state == "proven", backup.error
    assert rungs_of(proof) == ALL and proof.state == "passed"
    assert "equal those" in proof.rungs[-1]["words"]
    assert backup.restored_at is not None
    done = backup.activities.filter(owner=f"proof:{proof.pk}", seconds__isnull=False).order_by("pk")
    assert [activity.kind for activity in done] == ["reading", "restoring", "comparing"]
    assert done[1].bytes_done > 0 and done[2].tables_done == len(backup.contents["tables"])
    assert site.review(plan).token != ""
    assert proof.scratch.startswith("dashboard_scratch_") and scratches(site) == []
    assert site.execute(site.confirm(plan)).outcome == "succeeded"


def test_without_a_scratch_server_it_is_read_and_not_restored(postgres_site: Site) -> None:
    backup = postgres_site.back_up()

    proof = prove(postgres_site, backup)

    assert backup.state == "proven" and backup.restored_at is None
    assert rungs_of(proof)[-1] == ("restored", "unavailable") and proof.state == "unavailable"
    assert "There is no scratch server" in backup.restore_error


@pytest.mark.fault(81)
def test_a_scratch_server_that_is_down_keeps_the_gate_closed_and_the_backup_as_good_as_it_was(
    postgres_site: Site, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = postgres_site
    site.configure(f"{RESTORE}\n{scratch_lines(postgres_server, monkeypatch, port='1')}")
    plan = site.plan()

    backup = site.back_up()

    assert backup.state == "proven" and backup.read_through_at is not None
    closed = [c.words for c in site.review(plan).conditions if not c.met]
    assert len(closed) == 1 and "was read through, but not restored. The scratch server" in closed[0]
    assert postgres_server.password not in closed[0]
    site.configure(f"{RESTORE}\n{scratch_lines(postgres_server, monkeypatch)}")
    assert prove(site, backup).state == "passed" and backup.restore_error == ""
    assert site.review(plan).token != ""


@pytest.mark.fault(45)
def test_a_copy_that_differs_fails_the_backup_and_names_the_table(site_with_scratch: Site) -> None:
    site = site_with_scratch
    site.query("INSERT INTO t1 (id) VALUES (1)")
    backup = site.back_up()
    contents = dict(backup.contents)
    contents["tables"] = [[name, rows + (name in ('"public"."t1"', '"t1"')), d] for name, rows, d in contents["tables"]]
    Backup.objects.update(contents=contents)

    proof = prove(site, backup)

    assert proof.state == "failed" and rungs_of(proof)[-1] == ("restored", "failed")
    assert backup.state == "failed" and '"t1" holds 1 rows, not 2.' in backup.error
    assert scratches(site) == []


@pytest.mark.fault(35)
@pytest.mark.fault(37)
def test_a_file_that_was_changed_fails_at_its_hash(site_with_scratch: Site) -> None:
    site = site_with_scratch
    backup = site.back_up()
    path = Path(backup.path)
    victim = max((p for p in path.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size) if path.is_dir() else path
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)

    proof = prove(site, backup)

    assert rungs_of(proof) == [("size", "passed"), ("sha256", "failed")]
    assert backup.state == "failed" and path.exists()


def test_a_proof_may_be_repeated_and_each_climb_is_kept(site: Site) -> None:
    backup = site.back_up()

    first, second = prove(site, backup, "read"), prove(site, backup, "read")

    assert rungs_of(first) == rungs_of(second) == ALL[:3]
    assert backup.proofs.count() == 3 and backup.state == "proven"


def test_two_proofs_at_once_are_refused(sqlite_site: Site) -> None:
    backup = sqlite_site.back_up()
    request_proof(user=sqlite_site.operator, backup_id=backup.pk, up_to="read")

    with pytest.raises(ProofRefused, match="is being proven already"):
        request_proof(user=sqlite_site.operator, backup_id=backup.pk, up_to="read")


def test_only_an_operator_asks_for_one_and_only_of_a_good_dump(sqlite_site: Site) -> None:
    backup = sqlite_site.back_up()

    with pytest.raises(PermissionDenied):
        request_proof(user=make_person("developer"), backup_id=backup.pk, up_to="read")
    with pytest.raises(ProofRefused, match="no such backup"):
        request_proof(user=sqlite_site.operator, backup_id=backup.pk + 1, up_to="read")
    Backup.objects.update(state="failed")
    with pytest.raises(ProofRefused, match="is failed"):
        request_proof(user=sqlite_site.operator, backup_id=backup.pk, up_to="read")
    Backup.objects.update(state="proven", method="attest")
    with pytest.raises(ProofRefused, match="cannot prove it"):
        request_proof(user=sqlite_site.operator, backup_id=backup.pk, up_to="read")
    assert Proof.objects.count() == 1


@pytest.mark.fault(57)
def test_the_password_of_the_scratch_server_is_in_no_row(
    postgres_site: Site, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = postgres_site
    lines = scratch_lines(postgres_server, monkeypatch, user="nobody_there", password="wrong-but-secret")
    site.configure(f"{RESTORE}\n{lines}")

    backup = site.back_up()

    told = f"{backup.restore_error} {backup.proofs.get().rungs} {caplog.text}"
    assert "nobody_there" in told and "wrong-but-secret" not in told


SLOW_RESTORE = """#!/bin/sh
case "$*" in *--dbname*) "{bin}/pg_restore" "$@"; touch "{folder}/restored"; sleep 20;; esac
exec "{bin}/pg_restore" "$@"
"""


@pytest.mark.fault(46)
@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_a_worker_killed_during_a_proof_leaves_a_scratch_database_until_the_observer_starts(
    site: Site,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    tools = site.folder / "tools"
    tools.mkdir()
    (tools / "pg_dump").symlink_to(postgres_server.bin / "pg_dump")
    (tools / "pg_restore").write_text(SLOW_RESTORE.format(bin=postgres_server.bin, folder=tools))
    (tools / "pg_restore").chmod(0o755)
    backup = site.back_up()
    site.configure(f'backup = {{ tools = "{tools}" }}\n{scratch_lines(postgres_server, monkeypatch)}')
    proof = request_proof(user=site.operator, backup_id=backup.pk, up_to="restore")
    worker = start_worker()
    wait_for((tools / "restored").exists)

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    # The worker found the secret key in its data folder; all processes of one dashboard share it.
    settings.SECRET_KEY = (site.folder / "var" / "secret_key").read_text().strip()

    assert len(scratches(site)) == 1
    Proof.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    call_command("observer", "--once")
    proof.refresh_from_db()
    assert scratches(site) == [] and proof.state == "unavailable"
    backup.refresh_from_db()
    assert backup.state == "proven"


@pytest.mark.fault(46)
def test_what_is_still_worked_on_is_not_swept_and_what_is_left_is(site_with_scratch: Site) -> None:
    site = site_with_scratch
    backup = site.back_up()
    proof = Proof.objects.create(backup=backup, up_to="restore", requested_by=site.operator, state="working")
    place = find_place(find_environment("api", "production")[1])
    left = scratch_database(place, contents_from_json(backup.contents).origin, mark_for(proof))
    left.__enter__()
    try:
        assert sweep_scratch_databases() == () and len(scratches(site)) == 1

        Proof.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))

        assert end_lost_proofs() == 1
        assert len(sweep_scratch_databases()) == 1 and scratches(site) == []
        proof.refresh_from_db()
        backup.refresh_from_db()
        assert proof.state == "unavailable" and backup.state == "proven"
        assert prove(site, backup).state == "passed"
    finally:
        left.__exit__(None, None, None)
