"""Prepares, in a worker, the text of a proposed revision file and its SQL. Nothing is written, neither file nor database."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard.models import HEARTBEAT_LOST_AFTER, RevisionProposal, Run
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.status import State as DatabaseState
from dashboard.revisions.status import VersionReading
from dashboard.sources.configuration import Environment, NotConfigured, Project, UnknownName
from dashboard.sources.revision_file import find_syntax_error, read_revision_file
from dashboard.sources.shown_paths import PathNames
from dashboard.usecases.catalogue import configuration, masker_for, open_database, resolve
from dashboard.usecases.child_work import ChildFailed, ask_child_for_all, mask_pieces
from dashboard.usecases.compare_models import (
    COMPARE_SECONDS,
    READING_SETTINGS,
    WrongPlace,
    check_place,
    difference_told,
)
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.preview_plan import look_through, to_be_kept
from dashboard.usecases.propose_revision import folders_of
from dashboard.usecases.read_history import ProjectHistory, read_history
from dashboard.usecases.write_revision_sql import sql_to_json

logger = logging.getLogger(__name__)
Kind = RevisionProposal.Kind
State = RevisionProposal.State
SQL_SECONDS = 60.0


class ProposalFailed(Exception):
    """There will be no file; the message, not masked yet, says why and what to do."""


def prepare_proposal_now(*, proposal_id: int) -> None:
    """Never raises for what a project does: the row says why there is no file. One that is not queued is left alone."""
    claimed = RevisionProposal.objects.filter(pk=proposal_id, state=State.QUEUED).update(
        state=State.WORKING, heartbeat_at=timezone.now()
    )
    if not claimed:
        return
    proposal = RevisionProposal.objects.get(pk=proposal_id)
    with heartbeat(RevisionProposal, proposal.pk):
        values = _try(proposal)
    RevisionProposal.objects.filter(pk=proposal_id, state=State.WORKING).update(finished_at=timezone.now(), **values)


def end_lost_proposals() -> int:
    """In the observer: one whose worker died will not come. Returns how many."""
    return RevisionProposal.objects.filter(
        state=State.WORKING, heartbeat_at__lt=timezone.now() - HEARTBEAT_LOST_AFTER
    ).update(
        state=State.FAILED, finished_at=timezone.now(), error="The worker that prepared it died. Ask for it again."
    )  # fmt: skip


def digest_of(history: ProjectHistory) -> str:
    """Differs once any file of the script directory or its configuration does."""
    files = sorted(history.reading.files.items()) if history.reading else []
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _try(proposal: RevisionProposal) -> dict[str, Any]:
    try:
        project = configuration().project(proposal.project)
        environment = project.environment(proposal.environment) if proposal.environment else None
    except UnknownName as error:
        return {"state": State.FAILED, "error": str(error.args[0])}
    mask = masker_for(environment).mask if environment else str
    try:
        return _prepare(proposal, project, environment)
    except (ProposalFailed, ChildFailed, NotConfigured, WrongPlace) as error:
        return {"state": State.FAILED, "error": mask(_say(error))}
    except Exception as error:
        logger.exception("Proposal %s could not be prepared", proposal.pk)
        return {
            "state": State.FAILED,
            "error": f"{type(error).__name__} in the dashboard's worker; its log has the details.",
        }


def _say(error: Exception) -> str:
    text = str(error).removeprefix("Refused: ")
    if "script.py.mako" in text and "No such file" in text:
        return (
            "The project has no script.py.mako beside env.py, from which Alembic writes revision files. Put one there: "
            f"`alembic init` makes one in a new folder. {text}"
        )
    if "read-only transaction" in text or "readonly database" in text:
        return f"env.py changes the database before it compares, which is not let through. Let it do that elsewhere. {text}"
    return text


def _prepare(proposal: RevisionProposal, project: Project, environment: Environment | None) -> dict[str, Any]:
    history = read_history(project)
    if history.reading is None:
        raise ProposalFailed(history.error)
    digest = digest_of(history)
    folders = folders_of(project, history)
    content = {
        "action": proposal.kind,
        "message": proposal.message,
        "heads": list(proposal.heads),
        "head": next(iter(proposal.heads), ""),
        "rev_id": proposal.requested_id,
        "version_path": str(folders.get(proposal.requested_folder, "")),
        "connection_settings": READING_SETTINGS,
    }
    if proposal.kind == Kind.MERGE:
        told = ask_child_for_all(project, _with_variables(environment), content, seconds=COMPARE_SECONDS)
    else:
        assert environment is not None, "asked for with one"
        reading = _look_at_database(project, environment)
        told = ask_child_for_all(project, environment, content, seconds=COMPARE_SECONDS)
        check_place(told["models"]["place"], reading, environment)
    if digest_of(read_history(project)) != digest:
        raise ProposalFailed("The script directory changed while the file was prepared. Ask for it again.")
    values: dict[str, Any] = {
        "files_sha256": digest,
        "differences": [difference_told(one).as_json() for one in told.get("models", {}).get("differences", [])],
    }
    if "file" not in told:
        return {**values, "state": State.UNCHANGED}
    record = _check_file(proposal, project, history, told["file"])
    values |= {
        "state": State.READY,
        "revision": record.revision,
        "path": record.path,
        "content": told["file"]["content"],
        "sha256": record.sha256,
        "hooks": told["file"]["hooks"],
    }
    if proposal.kind == Kind.AUTOGENERATE and environment is not None:
        values |= _write_sql(project, environment, history, record, told["file"]["content"])
    return values


def _with_variables(environment: Environment | None) -> Environment | None:
    """A merge needs no database: variables that cannot be resolved are left out."""
    if environment is None:
        return None
    try:
        resolve(environment)
    except NotConfigured:
        return None
    return environment


def _look_at_database(project: Project, environment: Environment) -> VersionReading:
    """So that nothing is created where there is none, and that no run is in the middle of changing it."""
    live = Run.objects.filter(project=project.name, environment=environment.name, phase__in=Run.LIVE).first()
    if live is not None:
        raise ProposalFailed(f"Run {live.pk} is changing {environment.name}. Ask again once it has settled.")
    database = open_database(project, environment)
    reading = database.observe(timeout=float(settings.DASHBOARD_READ_TIMEOUT_SECONDS))
    if reading.reason is not None and reading.reason.state is DatabaseState.UNREACHABLE:
        raise ProposalFailed(f"{environment.name} cannot be read: {reading.detail}")
    return reading


def _check_file(
    proposal: RevisionProposal, project: Project, history: ProjectHistory, told: dict[str, Any]
) -> RevisionRecord:
    """That it lies where revisions lie, and is the revision that was asked for once it is read as text."""
    path = Path(told["path"])
    if not any(path.is_relative_to(folder) for folder in folders_of(project, history).values()):
        raise ProposalFailed(f"Alembic would write {path}, which lies in none of the version locations.")
    if path.exists():
        raise ProposalFailed(f"{path} exists already. Choose another message or id.")
    content = told["content"].encode()
    reading = read_revision_file(PathNames(project.directory).name(path.as_posix()), content)
    if error := find_syntax_error(content):
        line, message = error
        raise ProposalFailed(f"The file would not compile: line {line}: {message}. See script.py.mako and the message.")
    record = reading.record
    if record is None:
        why = reading.unreadable.reason if reading.unreadable else ""
        raise ProposalFailed(f"The file could not be read as a revision: {why} See script.py.mako.")
    if record.revision != told["revision"] or sorted(record.down_revision) != sorted(proposal.heads):
        named = ", ".join(record.down_revision) or "nothing"
        raise ProposalFailed(
            f"The file would be revision {record.revision} after {named}, which is not what was asked for. See "
            "script.py.mako and process_revision_directives in env.py."
        )
    return record


def _write_sql(
    project: Project, environment: Environment, history: ProjectHistory, record: RevisionRecord, content: str
) -> dict[str, Any]:
    """The SQL of its upgrade with what is found in it, by Alembic's offline mode over a copy of the file elsewhere."""
    assert history.reading is not None, "there is a file"
    dialect = resolve(environment).target.dialect
    with tempfile.TemporaryDirectory(prefix="alembic-dashboard-") as folder:
        place = Path(folder) / "versions"
        place.mkdir()
        (place / Path(record.path).name).write_text(content, encoding="utf-8", newline="")
        request = {
            "action": "revision_sql",
            "revision": record.revision,
            "rows": list(record.down_revision),
            "version_locations": [*map(str, history.reading.version_locations), str(place)],
        }
        try:
            told = ask_child_for_all(project, environment, request, seconds=SQL_SECONDS)
            pieces = mask_pieces(told["revision_sql"]["ways"]["upgrade"], masker_for(environment).mask)
            found = look_through(project, environment, to_be_kept(pieces))
        except ChildFailed as error:
            return {"dialect": dialect.value, "sql_error": str(error)}
    return {"dialect": dialect.value, "sql": sql_to_json(found)}
