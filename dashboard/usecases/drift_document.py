"""The JSON document of the comparisons of one environment's schema."""

from __future__ import annotations

from typing import Any

from dashboard.usecases.difference_words import say_difference
from dashboard.usecases.documents import FORMAT, describe_drift
from dashboard.usecases.read_drift import SIDES, Drift


def drift_document(project: str, environment: str, drifts: tuple[Drift, ...]) -> dict[str, Any]:
    """As the status tells each kind, with what differs in `operations`: also of a result that holds no more."""
    return {
        "format": FORMAT,
        "project": project,
        "environment": environment,
        "comparisons": [{**describe_drift(drift), "operations": _operations(drift)} for drift in drifts],
    }


def _operations(drift: Drift) -> list[dict[str, Any]]:
    side = SIDES[drift.kind]
    return [{"message": say_difference(one, side), **one.as_json()} for one in drift.differences]
