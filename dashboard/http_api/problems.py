"""How the API says that it cannot answer."""

from __future__ import annotations

from django.http import JsonResponse


def problem(status_code: int, error: Exception) -> JsonResponse:
    """The error's own words, which name no secret."""
    return JsonResponse({"format": 1, "error": str(error.args[0])}, status=status_code)
