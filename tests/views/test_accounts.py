"""Logging in, and what happens when the session ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.views.conftest import ViewedSite, text_of

ENVIRONMENT = "/projects/api/environments/production/"


@pytest.mark.fault(68)
def test_twenty_wrong_passwords_are_throttled(site: ViewedSite) -> None:
    client = Client()
    answers = [client.post("/login/", {"username": "operator", "password": f"wrong {n}"}) for n in range(20)]

    assert [answer.status_code for answer in answers[:9]] == [200] * 9
    assert answers[-1].status_code == 429 and "Too many wrong passwords" in text_of(answers[-1])
    assert client.post("/login/", {"username": "operator", "password": "operator"}).status_code == 429


def test_one_persons_lock_out_is_not_anothers(site: ViewedSite, lead: Client) -> None:
    for number in range(20):
        Client().post("/login/", {"username": "operator", "password": f"wrong {number}"})

    assert Client().post("/login/", {"username": "lead", "password": "lead"}).status_code == 302


@pytest.mark.fault(69)
def test_a_session_that_ended_during_an_htmx_call_sends_the_whole_page_to_the_login(site: ViewedSite) -> None:
    answer = Client().get(
        "/?part=matrix", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?state=pending"}
    )

    assert answer.status_code == 200 and answer["HX-Redirect"] == "/login/?next=/%3Fstate%3Dpending"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page_and_says_that_nothing_was_done(
    site: ViewedSite,
) -> None:
    client, sent_from = Client(), f"http://testserver{ENVIRONMENT}?ledger=2"

    answer = client.post(f"{ENVIRONMENT}backups/", headers={"Referer": sent_from})

    assert answer["Location"] == f"/login/?next={ENVIRONMENT}%3Fledger%3D2"
    assert "so nothing was done" in text_of(client.get(answer["Location"]))
    assert Client().post(f"{ENVIRONMENT}backups/", headers={"Referer": "http://evil/x"})["Location"] == "/login/?next=/"


def test_the_login_leads_to_the_page_that_was_wanted_and_to_no_other_host(site: ViewedSite) -> None:
    form = {"username": "operator", "password": "operator"}

    assert Client().post("/login/", form | {"next": "/audit/"})["Location"] == "/audit/"
    assert Client().post("/login/", form | {"next": "//evil.example/"})["Location"] == "/"


def test_logging_out_needs_a_post(operator: Client) -> None:
    assert operator.get("/logout/").status_code == 405
    assert operator.post("/logout/")["Location"] == "/login/"
    assert operator.get("/").status_code == 302


def test_a_person_changes_their_password(operator: Client, site: ViewedSite) -> None:
    new = "a long enough one 42"

    answer = operator.post("/password/", {"old_password": "operator", "new_password1": new, "new_password2": new})

    assert answer["Location"] == "/password/done/"
    site.operator.refresh_from_db()
    assert site.operator.check_password(new)


def test_the_demos_accounts_are_told_in_the_demo_only(site: ViewedSite, settings: Any) -> None:
    settings.DASHBOARD_DEMO = False
    assert "own name as password" not in text_of(Client().get("/login/"))

    settings.DASHBOARD_DEMO = True
    assert "own name as password" in text_of(Client().get("/login/"))


def test_the_login_page_asks_the_storage_nothing(site: ViewedSite, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        Client().get("/login/")


def test_the_demos_accounts_are_offered_no_change_of_password_and_told_why(operator: Client, site: ViewedSite) -> None:
    assert ">Change password</a> /" in text_of(operator.get("/"))
    site.operator.set_unusable_password()
    site.operator.save()
    operator.force_login(site.operator)

    page = text_of(operator.get("/password/"))

    assert "the account's name and cannot be changed" in page and "Show every environment" in page
    assert ">Change password</a> /" not in page
