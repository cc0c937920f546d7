"""The page of one backup, and proving it once more."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from dashboard.models import Backup, Proof
from dashboard.usecases.prove_backup import prove_backup_now
from tests.views.conftest import ViewedSite, text_of

HTMX = {"HX-Request": "true"}


def test_it_shows_the_ladder_what_it_holds_and_who_relies_on_it(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    backup = run.confirmation.backup

    page = text_of(lead.get(f"/backups/{backup.pk}/"))

    for rung in ("size", "sha256", "read through", "restored"):
        assert f'<span class="rung-name">{rung}<' in page
    assert "read, not restored" in page and "What its snapshot held" in page
    assert f"Run {run.pk}" in page and backup.sha256 in page and Path(backup.path).name in page


def test_an_operator_has_it_restored_and_the_page_says_that_it_was(operator: Client, site: ViewedSite) -> None:
    backup = site.back_up()

    answer = operator.post(f"/backups/{backup.pk}/proof/", {"up_to": "restore"}, follow=True)

    proof = Proof.objects.get(backup=backup, state="queued")
    assert proof.up_to == "restore" and "queued" in text_of(answer)
    assert 'hx-trigger="every 2s"' in text_of(answer)
    prove_backup_now(proof_id=proof.pk)
    page = text_of(operator.get(f"/backups/{backup.pk}/"))
    assert "restored and compared" in page and "equal to its snapshot" in page and "every 2s" not in page


def test_the_commands_that_bring_it_back_by_hand_do_so_also_where_the_database_is_gone(
    operator: Client, lead: Client, site: ViewedSite
) -> None:
    backup = site.back_up()
    page = html.unescape(text_of(operator.get(f"/backups/{backup.pk}/")))
    command = re.search(r"</span><code>(rm -f .*?)</code>", page)
    assert command is not None and "by hand" not in text_of(lead.get(f"/backups/{backup.pk}/"))
    database = Path(shlex.split(command[1])[-1])
    database.unlink()

    subprocess.run(["sh", "-c", command[1]], check=True)

    assert database.read_bytes() == Path(backup.path).read_bytes()


def test_hashing_and_reading_again_is_asked_for_as_well(operator: Client, site: ViewedSite) -> None:
    backup = site.back_up()

    operator.post(f"/backups/{backup.pk}/proof/", {"up_to": "read"})

    assert Proof.objects.get(state="queued").up_to == "read"


def test_polling_ends_with_the_whole_body(operator: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    operator.post(f"/backups/{backup.pk}/proof/", {"up_to": "restore"})
    address = f"/backups/{backup.pk}/?part=ladder"

    during = operator.get(address, headers={"HX-Request": "true"})
    prove_backup_now(proof_id=Proof.objects.get(state="queued").pk)
    after = operator.get(address, headers={"HX-Request": "true"})

    assert during.status_code == 200 and "queued" in text_of(during)
    assert after.status_code == 286 and after["HX-Retarget"] == "#backup-body"
    assert "equal to its snapshot" in text_of(after)


def test_a_poll_is_answered_with_nothing_until_the_proof_comes_further_which_the_tab_tells(
    operator: Client, site: ViewedSite
) -> None:
    backup = site.back_up()
    operator.post(f"/backups/{backup.pk}/proof/", {"up_to": "restore"})
    version = operator.get(f"/backups/{backup.pk}/").context["version"]
    address = f"/backups/{backup.pk}/?part=ladder&seen={version}"

    assert operator.get(address, headers=HTMX).status_code == 204
    assert operator.get(address).status_code == 200

    Proof.objects.filter(state="queued").update(state="working", rungs=[])
    answer = operator.get(address, headers=HTMX)

    assert answer.status_code == 200
    assert f"<title>backup: size · Backup {backup.pk} of The API / production" in text_of(answer)


def test_a_second_proof_at_once_is_refused_in_words(operator: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    operator.post(f"/backups/{backup.pk}/proof/")

    answer = operator.post(f"/backups/{backup.pk}/proof/", follow=True)

    assert "No proof was begun." in text_of(answer) and Proof.objects.filter(state="queued").count() == 1


def test_proving_rejects_get_and_needs_permission(lead: Client, developer: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    address = f"/backups/{backup.pk}/proof/"

    assert lead.get(address).status_code in {403, 405}
    assert developer.post(address).status_code == 403
    assert Client().post(address).status_code == 302
    assert not Proof.objects.filter(state="queued").exists()
    assert "An operator can have it proven again." in text_of(lead.get(f"/backups/{backup.pk}/"))


def test_a_stranger_s_number_is_404_and_a_proof_of_it_leads_to_the_list(operator: Client) -> None:
    assert operator.get("/backups/99/").status_code == 404
    assert operator.post("/backups/99/proof/")["Location"] == "/backups/"


def test_a_failed_rung_is_shown_with_what_is_wrong(operator: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    path = Path(backup.path)
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    operator.post(f"/backups/{backup.pk}/proof/")
    prove_backup_now(proof_id=Proof.objects.get(state="queued").pk)

    page = text_of(operator.get(f"/backups/{backup.pk}/"))

    assert "rung-failed" in page and "is not the one that was recorded" in page
    assert "Hash and read it again" not in page


@pytest.mark.fault(55)
def test_what_a_command_said_is_inert(operator: Client, site: ViewedSite) -> None:
    script = "echo '<script>alert(1)</script>'; echo 'reference: <b hx-post=/x>here</b>'"
    site.configure(f'backup = {{ method = "command", command = ["sh", "-c", "{script}"] }}')
    backup = site.back_up()

    for address in (f"/backups/{backup.pk}/", "/backups/"):
        page = text_of(operator.get(address))
        assert "&lt;b hx-post=/x&gt;here" in page and "<script>alert" not in page and "<b hx-post" not in page
    assert "ended with 0" in text_of(operator.get(f"/backups/{backup.pk}/"))


def test_a_backup_of_an_environment_that_is_gone_is_still_shown(lead: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    Backup.objects.update(environment="gone")

    page = text_of(lead.get(f"/backups/{backup.pk}/"))

    assert "The API / gone" in page and "no scratch server is configured" in page
