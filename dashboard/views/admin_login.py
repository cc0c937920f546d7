"""The admin's own login address: everybody logs in on one page."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse


def admin_login(request: HttpRequest) -> HttpResponse:
    """Sends to the login page. Raises PermissionDenied for those who are logged in and may not enter."""
    if request.user.is_authenticated and not admin.site.has_permission(request):
        raise PermissionDenied("Accounts are made in the admin, which is open to admins alone.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
