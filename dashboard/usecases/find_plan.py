"""The plans of an environment: the latest, and one by its number."""

from __future__ import annotations

from dashboard.models import Plan


def latest_plan(project: str, environment: str) -> Plan | None:
    """The newest plan of the environment, current or not."""
    return Plan.objects.filter(project=project, environment=environment).order_by("-pk").first()


def numbered_plan(project: str, environment: str, number: int) -> Plan | None:
    """The plan of this number, where it is this environment's."""
    return Plan.objects.filter(project=project, environment=environment, pk=number).first()
