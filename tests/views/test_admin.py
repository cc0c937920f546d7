"""The stock admin: to look at, and for accounts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.views.conftest import ViewedSite, text_of

MODELS = (
    "run", "backup", "confirmation", "observation", "plan", "runlogline", "planpreview", "finding", "acceptance",
)  # fmt: skip


@pytest.fixture
def admin(site: ViewedSite) -> Client:
    """A superuser, whom no permission stops."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_the_record_is_shown_and_cannot_be_changed(admin: Client, site: ViewedSite, model: str) -> None:
    run = site.confirm()
    there = {"run": run.pk, "backup": run.confirmation.backup_id, "confirmation": run.confirmation_id,
             "plan": run.confirmation.plan_id, "planpreview": run.confirmation.plan.preview.pk}.get(model)  # fmt: skip

    assert admin.get(f"/admin/dashboard/{model}/").status_code == 200
    assert admin.get(f"/admin/dashboard/{model}/add/").status_code == 403
    if there:
        assert admin.get(f"/admin/dashboard/{model}/{there}/change/").status_code == 200
        assert admin.post(f"/admin/dashboard/{model}/{there}/change/", {}).status_code == 403
        assert admin.post(f"/admin/dashboard/{model}/{there}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", ["user", "group"])
def test_accounts_and_roles_are_kept_there(admin: Client, model: str) -> None:
    assert admin.get(f"/admin/auth/{model}/").status_code == 200
    assert admin.get(f"/admin/auth/{model}/add/").status_code == 200


def test_an_operator_has_no_way_into_the_admin(operator: Client) -> None:
    answer = operator.get("/admin/", follow=True)

    assert answer.status_code == 403 and "open to admins alone" in text_of(answer)


def test_who_is_not_logged_in_comes_to_the_one_login_page_and_on_to_the_admin(site: ViewedSite) -> None:
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0] == "/login/?next=/admin/"
