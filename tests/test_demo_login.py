"""The demo's passwords open nothing outside of the demo mode."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboard.demo_login import DemoBackend

pytestmark = pytest.mark.django_db
BACKEND = "dashboard.demo_login.DemoBackend"


@pytest.fixture
def operator() -> User:
    """As the set-up of the demo makes it."""
    user = User(username="operator")
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def demo_mode(settings: Settings) -> None:
    settings.DASHBOARD_DEMO = True
    settings.AUTHENTICATION_BACKENDS = [BACKEND, "django.contrib.auth.backends.ModelBackend"]


def sign_in(username: str, password: str) -> User | None:
    return DemoBackend().authenticate(RequestFactory().post("/login/"), username=username, password=password)


def test_an_account_signs_in_with_its_name(operator: User, demo_mode: None) -> None:
    assert sign_in("operator", "operator") == operator


@pytest.mark.parametrize("password", ["", "lead", "Operator"])
def test_another_password_is_refused(operator: User, demo_mode: None, password: str) -> None:
    assert sign_in("operator", password) is None


def test_an_account_with_a_password_of_its_own_keeps_it(operator: User, demo_mode: None) -> None:
    operator.set_password("its own password")
    operator.save()

    assert sign_in("operator", "operator") is None


def test_somebody_else_does_not_sign_in_with_their_name(demo_mode: None) -> None:
    User.objects.create_user("mallory", password=None)

    assert sign_in("mallory", "mallory") is None


def test_outside_of_the_demo_mode_nobody_signs_in_with_their_name(operator: User, settings: Settings) -> None:
    assert BACKEND not in settings.AUTHENTICATION_BACKENDS
    assert sign_in("operator", "operator") is None


def test_a_session_of_the_demo_ends_with_it(operator: User, settings: Settings, demo_mode: None) -> None:
    client = Client()
    client.force_login(operator, backend=BACKEND)
    request = RequestFactory().get("/")
    request.session = client.session
    assert get_user(request) == operator

    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

    assert not get_user(request).is_authenticated
