"""The plans besides an upgrade that an environment's page offers: only what `allow` names and the state permits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.revisions.plan import Direction
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import Reason, State, Status
from dashboard.usecases.compose_restore import list_restorable
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.restore_words import say_backup

SUGGESTED = 100
"""Revisions in a list to choose from; any other can be written."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to write into a target field. `words`: shown beside it."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class OtherPlans:
    """`is_only_way`: a stamp is all that helps, so that it is not hidden."""

    downgrades: tuple[Choice, ...]
    one_back: tuple[Choice, ...]
    """The revisions right below the only row: one, or the parents of a merge point, where `-1` would be ambiguous."""
    stamps: tuple[Choice, ...]
    may_start_fresh: bool
    restores: tuple[Choice, ...]
    """Backups, by number, the newest first."""
    is_only_way: bool
    forbidden: str
    """What would help, where `allow` does not name it; empty otherwise."""

    @property
    def is_empty(self) -> bool:
        """There is nothing to offer and nothing to say."""
        return not (self.downgrades or self.stamps or self.may_start_fresh or self.restores or self.forbidden)


def list_other_plans(project: ProjectStatus, status: EnvironmentStatus) -> OtherPlans:
    """From the latest observation."""
    graph, allow = project.history.graph, status.environment.allow
    needs_stamp = _needs_stamp(status.status)
    may_stamp = Direction.STAMP in allow and status.status.state not in {State.UNOBSERVED, State.UNREACHABLE}
    forbidden = ""
    if needs_stamp and Direction.STAMP not in allow:
        forbidden = (
            f"A stamp would help, which {status.environment.name} does not allow. Add "
            f'"{Direction.STAMP}" to its `allow` in dashboard.toml, if that is wanted.'
        )
    may_downgrade = Direction.DOWNGRADE in allow and _may_downgrade(status.status)
    return OtherPlans(
        downgrades=_downgrades(graph, status.status) if may_downgrade else (),
        one_back=_one_back(graph, status.status) if may_downgrade else (),
        stamps=(*_choices(graph.history()), Choice("base", "no revision")) if may_stamp and graph.records else (),
        may_start_fresh=Direction.START_FRESH in allow and _may_start_fresh(status.status),
        restores=_restores(status) if Direction.RESTORE in allow else (),
        is_only_way=needs_stamp and may_stamp,
        forbidden=forbidden,
    )


def list_head_choices(project: ProjectStatus) -> tuple[Choice, ...]:
    """Where there is more than one head and nobody said that they are permanent: each of them, and all."""
    graph = project.history.graph
    if not extra_heads(graph, project.project.heads):
        return ()
    heads = [graph.records[head] for head in graph.effective_heads]
    return (*_choices(heads), Choice("heads", f"all {len(heads)} heads"))


def _needs_stamp(status: Status) -> bool:
    is_foreign = status.state in {State.FOREIGN_REVISION, State.INCONSISTENT}
    return is_foreign or status.reason is Reason.SCHEMA_NOT_EMPTY


def _may_start_fresh(status: Status) -> bool:
    can_be_read = status.state in {State.PENDING, State.CURRENT, State.UNVERSIONED}
    return can_be_read and status.reason is not Reason.SCHEMA_NOT_EMPTY


def _may_downgrade(status: Status) -> bool:
    return status.state in {State.PENDING, State.CURRENT} and bool(status.current)


def _downgrades(graph: RevisionGraph, status: Status) -> tuple[Choice, ...]:
    """From the nearest down to base."""
    below = graph.ancestors(status.current) - set(status.current)
    listed = [record for record in graph.history() if record.revision in below]
    return (*_choices(listed), Choice("base", "everything is reverted"))


def _one_back(graph: RevisionGraph, status: Status) -> tuple[Choice, ...]:
    """Each reverts the row alone. With several rows nothing is one certain step."""
    if len(status.current) != 1:
        return ()
    parents = [p for p in graph.parents(status.current[0]) if p in graph.records]
    return _choices([graph.records[parent] for parent in parents])


def _restores(status: EnvironmentStatus) -> tuple[Choice, ...]:
    """Only where the database can be read: what a restore replaces must be known."""
    if status.status.state in {State.UNOBSERVED, State.UNREACHABLE}:
        return ()
    environment = status.environment
    backups = list_restorable(environment.project, environment.name)
    return tuple(Choice(str(backup.pk), say_backup(backup)) for backup in backups[:SUGGESTED])


def _choices(records: Sequence[RevisionRecord]) -> tuple[Choice, ...]:
    return tuple(Choice(record.revision, record.message) for record in records[:SUGGESTED])
