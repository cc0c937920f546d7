"""Applied revisions that were edited, moved or deleted since: on which environments, and what was changed."""

from __future__ import annotations

import difflib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from dashboard.models import AppliedFile
from dashboard.revisions.alterations import Alteration, AppliedVersion, find_alterations
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import RevisionRecord
from dashboard.sources.configuration import Project
from dashboard.sources.file_versions import find_version
from dashboard.sources.revision_file import decode
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.read_revision_source import SourceUnavailable, read_revision_source
from dashboard.usecases.read_status import ProjectStatus

_KEPT = 64
_Key = tuple[str, tuple[int, ...], tuple[tuple[str, RevisionGraph], ...]]
_answers: OrderedDict[_Key, tuple[Alteration, ...]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class AlterationDiff:
    """What was changed, as far as it can be told. `missing` says why there are no lines."""

    lines: tuple[str, ...]
    commit: str
    """That had the file as it was applied."""
    missing: str


def read_alterations(status: ProjectStatus) -> tuple[Alteration, ...]:
    """Of all environments that are configured, each judged by the code that it runs.

    One query where an environment was observed or a file changed since the last call, else none.
    """
    project = status.project
    graphs = _graphs(project, status.history)
    # What is remembered changes with an observation only, and is stored before it.
    observed = tuple(e.observation.pk if e.observation else 0 for e in status.environments)
    key = (project.name, observed, tuple(graphs.items()))
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    kept = AppliedFile.objects.filter(project=project.name, gone_at=None)
    found: list[Alteration] = []
    for graph in dict.fromkeys(graphs.values()):
        names = [name for name, own in graphs.items() if own is graph]
        applied = [_version(file) for file in kept.filter(environment__in=names).order_by("pk").iterator(2_000)]
        found += find_alterations(applied, graph.records)
    with _lock:
        _answers[key] = tuple(found)
        while len(_answers) > _KEPT:
            _answers.popitem(last=False)
    return tuple(found)


def show_alteration(*, project: Project, alteration: Alteration) -> AlterationDiff:
    """The difference between the file as it was applied and as it is now; of a deleted one, its last lines."""
    applied = alteration.applied
    version = find_version(project.directory, applied.path, applied.sha256) if project.git else None
    if version is None:
        where = (
            "No commit of the repository has" if project.git else "dashboard.toml says git = false: there is no copy of"
        )
        return AlterationDiff((), "", f"{where} the file as it was applied (sha256 {applied.sha256[:12]}).")
    now = ""
    if alteration.now is not None:
        try:
            now = _source_now(project, alteration.now)
        except SourceUnavailable as error:
            return AlterationDiff((), version.commit, str(error))
    lines = difflib.unified_diff(
        decode(version.content).splitlines(),
        now.splitlines(),
        f"{applied.path} as applied",
        alteration.now.path if alteration.now else "deleted",
        lineterm="",
    )
    return AlterationDiff(tuple(lines), version.commit, "")


def _source_now(project: Project, record: RevisionRecord) -> str:
    """From the work tree, else from the commit that an environment's `ref` reads. Raises SourceUnavailable."""
    try:
        return read_revision_source(project=project, record=record)
    except SourceUnavailable:
        version = find_version(project.directory, record.path, record.sha256)
        if version is None:
            raise
        return decode(version.content)


def _graphs(project: Project, history: ProjectHistory) -> dict[str, RevisionGraph]:
    """By environment: the history that counts for it. One that cannot be read says nothing about its revisions."""
    graphs = {}
    for name, environment in project.environments.items():
        own = read_environment_history(project, environment) if environment.ref else history
        if own.reading is not None:
            graphs[name] = own.graph
    return graphs


def _version(file: AppliedFile) -> AppliedVersion:
    return AppliedVersion(
        environment=file.environment,
        revision=file.revision,
        message=file.message,
        path=file.path,
        sha256=file.sha256,
        down_revision=tuple(file.down_revision),
        depends_on=tuple(file.depends_on),
    )
