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
    files: tuple[tuple[str, str], ...]
    """(path, sha256) of everything that a run executes: env.py, its configuration, the revisions, what lies beside."""
    settings: tuple[tuple[str, str], ...]
    """(name, value) of what else decides what a run does: section, version table and the like."""
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
        files=tuple(sorted(files.items())),
        settings=tuple(sorted(settings.items())),
        commit=commit,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


def first_difference(planned: PlanContent, found: PlanContent) -> str:
    """Why `found` is not what was planned, in one sentence; empty when the fingerprints agree."""
    if planned.fingerprint == found.fingerprint:
        return ""
    if planned.identity != found.identity:
        return "The environment is another database now."
    if sorted(planned.current) != sorted(found.current):
        return f"The database is at {', '.join(found.current) or 'no revision'} now, not at {', '.join(planned.current) or 'no revision'}."
    if changed := _changed_files(dict(planned.files), dict(found.files)):
        return changed
    if planned.settings != found.settings:
        return "The project's settings in dashboard.toml changed since the plan was made."
    if planned.commit != found.commit:
        return f"The repository is at commit {found.commit[:12] or 'none'} now, not at {planned.commit[:12] or 'none'}."
    return "The target or the revisions on the way to it are others now."


def _changed_files(planned: Mapping[str, str], found: Mapping[str, str]) -> str:
    edited = sorted(path for path in planned.keys() & found.keys() if planned[path] != found[path])
    added = sorted(found.keys() - planned.keys())
    removed = sorted(planned.keys() - found.keys())
    told = [
        f"{path} {what}"
        for what, paths in (("changed", edited), ("is new", added), ("is gone", removed))
        for path in paths
    ]
    more = f", and {len(told) - 3} more files" if len(told) > 3 else ""
    return f"{', '.join(told[:3])}{more} since the plan was made." if told else ""
