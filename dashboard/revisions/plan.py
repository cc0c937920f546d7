"""A plan: the exact revisions that a run will apply or revert, in order, and the fingerprint that pins them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.revisions.routes import Action, Direction, Route

__all__ = ["Action", "Direction", "Leg", "PlanContent", "PlanStep", "first_difference", "legs_of", "make_plan"]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One revision of a plan. `sha256` is of its file when the plan was made."""

    revision: str
    message: str
    path: str
    sha256: str
    action: Action = Action.UPGRADE


@dataclass(frozen=True, slots=True)
class PlanContent:
    """Everything that a confirmation confirms. `steps` stand in the order of execution."""

    project: str
    environment: str
    direction: Direction
    identity: str
    """Of the database, as its reading told it."""
    requested: tuple[str, ...]
    """Alembic's notation as it was asked for, counted from `current`; empty: the effective heads."""
    current: tuple[str, ...]
    target: tuple[str, ...]
    result: tuple[str, ...]
    """The rows of the version table afterwards. More than `target` where other branches are applied, too."""
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
    requested: Sequence[str] = (),
    current: Sequence[str],
    route: Route,
    files: Mapping[str, str],
    settings: Mapping[str, str],
    commit: str,
) -> PlanContent:
    """`route`: where the plan leads from `current`. `files`: path -> sha256 of everything a run executes.

    `settings`: what else decides what a run does (section, version table, ...), names -> values.
    """
    steps = tuple(PlanStep(r.revision, r.message, r.path, r.sha256, action) for r, action in route.steps)
    pinned = {
        "project": project,
        "environment": environment,
        "direction": direction,
        "identity": identity,
        "current": sorted(current),
        "target": sorted(route.target),
        "result": sorted(route.result),
        "steps": [[step.action, step.revision, step.path, step.sha256] for step in steps],
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
        requested=tuple(requested),
        current=tuple(current),
        target=route.target,
        result=route.result,
        steps=steps,
        files=tuple(sorted(files.items())),
        settings=tuple(sorted(settings.items())),
        commit=commit,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


@dataclass(frozen=True, slots=True)
class Leg:
    """What one child process does of a plan. Start fresh has two: to base, and from there to the heads."""

    action: Action
    destination: tuple[str, ...]
    """For Alembic: whole ids, of a downgrade its own notation."""
    rows_before: tuple[str, ...]
    rows_after: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    first_position: int
    """Of its first step among all steps of the plan, from 1."""


def legs_of(plan: PlanContent) -> tuple[Leg, ...]:
    """One or two, in the order of execution; none is without a step, except the stamp of base. A restore has none.

    Start fresh is two pieces of work, because rows that end as they began prove nothing: the version table is read
    at base between them.
    """
    if plan.direction is Direction.RESTORE:
        return ()
    if plan.direction is not Direction.START_FRESH:
        destination = plan.requested if plan.direction is Direction.DOWNGRADE else plan.target
        return (Leg(Action(plan.direction), destination, plan.current, plan.result, plan.steps, 1),)
    down = tuple(step for step in plan.steps if step.action is Action.DOWNGRADE)
    up = plan.steps[len(down) :]
    legs = (
        Leg(Action.DOWNGRADE, ("base",), plan.current, (), down, 1),
        Leg(Action.UPGRADE, plan.target, (), plan.result, up, len(down) + 1),
    )
    return tuple(leg for leg in legs if leg.steps)


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
