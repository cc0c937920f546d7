"""The demo's login: each account's password is its name. Settings use it in the demo mode alone.

The accounts have no password of their own, so outside of the demo mode nobody can sign in as one of them, and
sessions that began in it end.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from dashboard.usecases.set_up_demo import ACCOUNTS


class DemoBackend(ModelBackend):
    """Signs in `lead`, `developer`, `operator` and `admin` by name where they have no password of their own."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        """None for everybody else, whom the usual login then decides about."""
        if not settings.DASHBOARD_DEMO or username not in ACCOUNTS or password != username:
            return None
        user = User.objects.filter(username=username).first()
        if user is None or user.has_usable_password() or not self.user_can_authenticate(user):
            return None
        return user
