"""Every address of the dashboard, tried by those who may not use it. New addresses join by being in the URL conf."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from dashboard.models import Backup, Confirmation, Observation, Plan, Run
from tests.views.conftest import SignIn, ViewedSite

ARGUMENTS = {
    "project": "api", "environment": "production", "revision": "r1", "number": 1,
}  # fmt: skip
OF_ONESELF = {"login", "logout", "password_change", "password_change_done"}
OPEN = {"login", "healthz", "icon", "favicon"}
"""Need no login."""
READING = {"observe"}
"""Anybody who sees may have the databases read: that changes nothing in them."""
ON_ENVIRONMENTS = {
    *("plan", "take_backup", "attest_backup", "confirm_plan", "accept_findings", "rehearse", "override_rehearsal"),
    "check_drift",
}
CHANGING = ON_ENVIRONMENTS | {
    "cancel_run",
    "terminate_session",
    "delete_replaced",
    "prove_backup",
    "review",
    "write_revision_sql",
    "new_revision",
    "write_proposal",
    "discard_proposal",
}


def our_patterns() -> Iterator[URLPattern]:
    """Those with a name of ours; the admin's own are its own."""
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLPattern) and pattern.name:
            yield pattern


def address(pattern: URLPattern) -> str:
    assert pattern.name
    return reverse(pattern.name, kwargs={key: ARGUMENTS[key] for key in pattern.pattern.converters})


def counts() -> list[int]:
    return [model.objects.count() for model in (Plan, Backup, Confirmation, Run, Observation)]


@pytest.mark.fault(53)
def test_a_lead_is_refused_at_every_address_that_changes_something(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    before = counts()

    for pattern in our_patterns():
        if pattern.name in OF_ONESELF | READING | OPEN:
            continue
        answer = lead.post(address(pattern).replace("/runs/1/", f"/runs/{run.pk}/"), {"target": "r2"})
        assert answer.status_code in {403, 405}, pattern.name
        if pattern.name in CHANGING:
            assert answer.status_code == 403, pattern.name

    assert counts() == before


@pytest.mark.fault(53)
def test_no_changing_address_is_missing_from_the_walk(operator: Client, site: ViewedSite) -> None:
    accept = {p.name for p in our_patterns() if operator.post(address(p)).status_code != 405}

    assert accept - OF_ONESELF - READING == CHANGING


@pytest.mark.fault(54)
def test_get_changes_nothing_at_any_address(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()
    before = counts()

    for pattern in our_patterns():
        operator.get(address(pattern).replace("/runs/1/", f"/runs/{run.pk}/"))

    assert counts() == before
    run.refresh_from_db()
    assert run.phase == Run.Phase.QUEUED


@pytest.mark.fault(52)
def test_a_post_without_a_token_is_refused(site: ViewedSite) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.operator)
    before = counts()

    for name in CHANGING | READING:
        pattern = next(p for p in our_patterns() if p.name == name)
        assert client.post(address(pattern)).status_code == 403, name

    assert counts() == before


def test_a_stranger_is_sent_to_the_login_from_every_page(site: ViewedSite) -> None:
    stranger = Client()

    for pattern in our_patterns():
        if pattern.name in OPEN:
            continue
        for answer in (stranger.get(address(pattern)), stranger.post(address(pattern))):
            sent_away = answer.status_code == 302 and answer["Location"].startswith("/login/")
            assert sent_away or answer.status_code == 405, pattern.name


def test_an_account_without_a_role_sees_nothing(sign_in: SignIn) -> None:
    nobody = sign_in("nobody")

    for pattern in our_patterns():
        if pattern.name in OPEN | OF_ONESELF:
            continue
        answer = nobody.get(address(pattern))
        assert answer.status_code in {403, 405}, pattern.name


@pytest.mark.parametrize("name", sorted(CHANGING | READING))
def test_an_action_is_no_page(operator: Client, name: str) -> None:
    pattern = next(p for p in our_patterns() if p.name == name)

    answer = operator.get(address(pattern))

    assert answer.status_code == (200 if name in {"plan", "new_revision"} else 405)


@pytest.mark.parametrize(
    "where", ["projects/ap/history/", "projects/api/environments/prod/", "projects/api/revisions/zz/"]
)
def test_an_unknown_name_is_a_page_that_helps(lead: Client, where: str) -> None:
    answer = lead.get(f"/{where}")

    assert answer.status_code == 404
    assert "Show every environment" in answer.content.decode()


@pytest.mark.parametrize("name", sorted(ON_ENVIRONMENTS))
def test_an_action_on_an_unknown_environment_is_not_found(operator: Client, name: str) -> None:
    answer = operator.post(reverse(name, args=["api", "prod"]))

    assert answer.status_code == 404
    assert "production" in answer.content.decode()


def test_a_superuser_may_do_what_an_operator_may(site: ViewedSite) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))

    assert client.post(reverse("plan", args=["api", "production"])).status_code == 302
