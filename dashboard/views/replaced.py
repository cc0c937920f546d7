"""An operator has the database deleted that a restore replaced."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import CONFIRM, permission
from dashboard.models import Replacement
from dashboard.usecases.replaced_databases import DeletionRefused, request_deletion
from dashboard.views.requests import PageRequest


@require_POST
@permission(CONFIRM)
def delete_replaced(request: PageRequest, number: int) -> HttpResponse:
    """Asks for it and shows the run, which tells when it is done."""
    try:
        request_deletion(user=request.user, run_id=number, typed=request.POST.get("name", ""))
    except Replacement.DoesNotExist:
        raise Http404 from None
    except DeletionRefused as refusal:
        messages.error(request, f"Nothing was deleted. {refusal}")
    return redirect("run", number)
