"""The two sides of a comparison: an environment, a git ref, or the heads of the work tree, each with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from dashboard.models import Observation
from dashboard.revisions.comparison import HistorySide
from dashboard.revisions.records import UnreadableFile
from dashboard.revisions.status import Reason, State
from dashboard.sources.commit_reader import CommitReader
from dashboard.sources.configuration import Project
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.git_refs import RefRefused, resolve_ref
from dashboard.sources.git_search import find_revisions
from dashboard.usecases.read_history import ProjectHistory, read_history
from dashboard.usecases.read_status import latest_observation


class SideRefused(ValueError):
    """A side that cannot be compared: a wrong word, an unknown ref, a database that was not read. Fit to show."""


class SideUnread(SideRefused):
    """The request is right, but nothing is known of the database or the script directory now."""


class SideKind(StrEnum):
    """What a side is."""

    ENVIRONMENT = "environment"
    REF = "ref"
    HEADS = "heads"


@dataclass(frozen=True)
class ComparedSide:
    """One side with what it holds."""

    kind: SideKind
    name: str
    """Of the environment or the ref; empty for the work tree."""
    text: str
    """As it is written: `env:staging`, `ref:main`, `heads`."""
    commit: str
    """That the files behind it are at; of the work tree, the commit checked out; empty outside of git."""
    history: HistorySide
    is_work_tree: bool
    """Its files are those on disk, which may differ from the commit."""
    observed_at: datetime | None = None
    note: str = ""


@lru_cache(maxsize=1)
def commit_reader() -> CommitReader:
    """The process's own: what it has read of any commit serves every comparison."""
    return CommitReader()


def read_side(project: Project, text: str) -> ComparedSide:
    """`env:NAME`, `ref:GITREF` or `heads`. Waits for no database. Raises SideRefused, UnknownName."""
    kind, _, name = text.partition(":")
    if kind == "heads" and not name:
        return _work_tree(project)
    if kind == "env" and name:
        return _environment(project, name)
    if kind == "ref" and name:
        return read_ref_side(project, name)
    raise SideRefused(
        f"{text!r} is no side. Write ref: before a branch, tag or commit, env: before an environment, or heads."
    )


def read_ref_side(project: Project, name: str) -> ComparedSide:
    """A branch, tag or commit. Raises SideRefused."""
    if not project.git:
        raise SideRefused(f"dashboard.toml says git = false for {project.name}, so its git refs are not read.")
    try:
        commit = resolve_ref(project.directory, name)
        reading = commit_reader().read(project.source(), commit)
    except (RefRefused, ScriptDirectoryError) as error:
        raise SideRefused(str(error)) from None
    history = HistorySide(reading.graph, reading.graph.heads, reading.unreadable, is_whole=True)
    return ComparedSide(SideKind.REF, name, f"ref:{name}", commit, history, False)


def _work_tree(project: Project) -> ComparedSide:
    found = _readable(project)
    history = HistorySide(found.graph, found.graph.heads, _unreadable(found), is_whole=True)
    return ComparedSide(SideKind.HEADS, "", "heads", _commit(found), history, True)


def _environment(project: Project, name: str) -> ComparedSide:
    """What its latest observation holds, with the files of the script directory that it is judged by."""
    environment = project.environment(name)
    observation = latest_observation(project.name, environment.name)
    if observation is None:
        raise SideUnread(f"{name} has not been read yet. Read it first: manage.py status {project.name} --refresh.")
    reason = Reason(observation.reason) if observation.reason else None
    if reason is not None and reason.state is State.UNREACHABLE:
        raise SideUnread(f"{name} could not be read: {observation.detail or reason.value}")
    rows, at = tuple(observation.rows), observation.observed_at
    if environment.ref:
        code = read_ref_side(project, environment.ref)
        history = HistorySide(code.history.graph, rows, code.history.unreadable)
        note = f"It runs {environment.ref}."
        return ComparedSide(SideKind.ENVIRONMENT, name, f"env:{name}", code.commit, history, False, at, note)
    found = _readable(project)
    if project.git and any(row not in found.graph.records for row in rows):
        elsewhere = _foreign(project, found, observation)
        if elsewhere is not None:
            return elsewhere
    history = HistorySide(found.graph, rows, _unreadable(found))
    return ComparedSide(SideKind.ENVIRONMENT, name, f"env:{name}", _commit(found), history, True, at)


def _foreign(project: Project, found: ProjectHistory, observation: Observation) -> ComparedSide | None:
    """Its rows are unknown to the work tree: the newest ref that knows all of them tells what they mean."""
    assert found.reading is not None
    rows = tuple(observation.rows)
    missing = [row for row in rows if row not in found.graph.records]
    places = find_revisions(found.reading.version_locations, missing)
    candidates = [ref for row in missing if row in places for ref in places[row].refs]
    for ref in dict.fromkeys(candidates):
        try:
            reading = commit_reader().read(project.source(), ref.commit)
        except ScriptDirectoryError:
            continue
        if all(row in reading.graph.records for row in rows):
            history = HistorySide(reading.graph, rows, reading.unreadable)
            name, at = observation.environment, observation.observed_at
            note = f"The work tree lacks {', '.join(missing)}: read from {ref.name}."
            return ComparedSide(SideKind.ENVIRONMENT, name, f"env:{name}", ref.commit, history, False, at, note)
    return None


def _readable(project: Project) -> ProjectHistory:
    found = read_history(project)
    if found.reading is None:
        raise SideUnread(found.error)
    return found


def _unreadable(found: ProjectHistory) -> tuple[UnreadableFile, ...]:
    return found.reading.unreadable if found.reading else ()


def _commit(found: ProjectHistory) -> str:
    return found.reading.commit if found.reading else ""
