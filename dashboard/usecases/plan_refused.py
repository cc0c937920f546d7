"""Why there is no plan."""

from __future__ import annotations


class PlanRefused(Exception):
    """No plan can be made; the message says why and what to do."""
