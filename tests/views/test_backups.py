"""Asking for a backup, and attesting one."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.models import Backup
from tests.views.conftest import ViewedSite, text_of

BACKUPS = "/projects/api/environments/production/backups/"
ATTESTATIONS = "/projects/api/environments/production/attestations/"
WORDS = {"where": "snapshot 17", "taken_at": "2026-01-05T09:15", "how": "restored it on Monday"}


def test_an_operator_asks_for_one(operator: Client) -> None:
    answer = operator.post(BACKUPS)

    assert answer["Location"].endswith("/plan/")
    assert Backup.objects.get().state == Backup.State.PREPARING


def test_a_second_one_at_once_is_refused_in_words(operator: Client) -> None:
    operator.post(BACKUPS)

    answer = operator.post(BACKUPS, {"from": "environment"}, follow=True)

    assert "No backup was begun." in text_of(answer) and Backup.objects.count() == 1


def test_an_operator_attests_one_where_the_policy_allows_it(operator: Client, site: ViewedSite) -> None:
    site.configure('backup = { method = "attest" }')

    answer = operator.post(ATTESTATIONS, WORDS, follow=True)

    backup = Backup.objects.get()
    assert (backup.method, backup.where, backup.how) == ("attest", "snapshot 17", "restored it on Monday")
    assert "not proven here" in text_of(answer)


def test_the_page_of_an_attested_one_tells_who_attested_it_and_not_that_it_was_taken(
    operator: Client, site: ViewedSite
) -> None:
    site.configure('backup = { method = "attest" }')
    operator.post(ATTESTATIONS, WORDS)

    page = operator.get(f"/backups/{Backup.objects.get().pk}/")

    assert "Its snapshot was taken" not in text_of(page) and "by operator.</p>" in text_of(page)
    assert "Attested" in dict(page.context["facts"]) and "Asked for" not in dict(page.context["facts"])


def test_where_the_policy_asks_for_a_dump_nothing_is_recorded(operator: Client) -> None:
    answer = operator.post(ATTESTATIONS, WORDS, follow=True)

    assert "Nothing was recorded." in text_of(answer) and not Backup.objects.exists()


@pytest.mark.parametrize("wrong", [{"where": ""}, {"how": ""}, {"taken_at": "soon"}, {"taken_at": "2999-01-01T00:00"}])
def test_a_form_with_errors_comes_back_with_what_was_typed(
    operator: Client, site: ViewedSite, wrong: dict[str, str]
) -> None:
    site.configure('backup = { method = "attest" }')
    site.plan()

    answer = operator.post(ATTESTATIONS, WORDS | wrong)

    assert answer.status_code == 422 and not Backup.objects.exists()
    assert "errorlist" in text_of(answer)
    assert wrong.get("where") == "" or "snapshot 17" in text_of(answer)


def test_the_list_says_how_far_each_is_proven(lead: Client, site: ViewedSite) -> None:
    site.back_up()

    page = text_of(lead.get("/backups/"))

    assert "read, not restored" in page and "The API / production" in page


def test_one_that_failed_leads_to_another_for_who_may_take_one(
    operator: Client, lead: Client, site: ViewedSite
) -> None:
    failed = site.back_up()
    Backup.objects.update(state=Backup.State.FAILED, error="disk full")
    address = f"/backups/{failed.pk}/"

    assert "Take another backup now" in text_of(operator.get(address))
    assert "An operator can take another." in text_of(lead.get(address))
    site.folder.joinpath("dashboard.toml").write_text(
        site.folder.joinpath("dashboard.toml").read_text().replace("environments.production", "environments.elsewhere")
    )
    assert "Take another" not in text_of(operator.get(address))
    assert "/environments/production/" not in text_of(operator.get("/backups/"))


def test_the_list_is_narrowed_by_environment_and_state(lead: Client, site: ViewedSite) -> None:
    backup = site.back_up()
    link = f'href="/backups/{backup.pk}/"'

    assert link in text_of(lead.get("/backups/?of=api/production&state=proven"))
    assert "No backup matches." in text_of(lead.get("/backups/?of=api/staging"))
    assert "No backup matches." in text_of(lead.get("/backups/?state=failed"))
    assert link in text_of(lead.get("/backups/?state=nonsense"))


def test_an_empty_list_says_how_to_get_one(lead: Client) -> None:
    assert "No backup yet." in text_of(lead.get("/backups/"))
