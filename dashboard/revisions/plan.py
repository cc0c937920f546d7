"""A plan: the exact revisions that a run will apply, in order, and the fingerprint that pins them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.records import RevisionRecord


class Direction(StrEnum):
    """What a plan does to the version table."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One revision of a plan. `sha256` is of its file when the plan was made."""

    revision: str
    message: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PlanContent:
    """Everything that a confirmation confirms. `steps` stand in the order of execution."""

    project: str
    environment: str
    direction: Direction
    identity: str
    """Of the database, as its reading told it."""
    current: tuple[str, ...]
    target: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    commit: str
    fingerprint: str


def make_plan(
    *,
    project: str,
    environment: str,
    direction: Direction,
    identity: str,
    current: Sequence[str],
    target: Sequence[str],
    path: Sequence[RevisionRecord],
    files: Mapping[str, str],
    settings: Mapping[str, str],
    commit: str,
) -> PlanContent:
    """`path`: the revisions in the order of execution. `files`: path -> sha256 of everything a run executes.

    `settings`: what else decides what a run does (section, version table, ...), names -> values.
    """
    steps = tuple(PlanStep(r.revision, r.message, r.path, r.sha256) for r in path)
    pinned = {
        "project": project,
        "environment": environment,
        "direction": direction,
        "identity": identity,
        "current": sorted(current),
        "target": sorted(target),
        "steps": [[step.revision, step.path, step.sha256] for step in steps],
        "files": sorted(files.items()),
        "settings": sorted(settings.items()),
        "commit": commit,
    }
    text = json.dumps(pinned, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return PlanContent(
        project=project,
        environment=environment,
        direction=direction,
        identity=identity,
        current=tuple(current),
        target=tuple(target),
        steps=steps,
        commit=commit,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )
