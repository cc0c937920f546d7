"""Writes a proposed revision file into the work tree, once a person has read it; or sets it aside."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.models import RevisionProposal
from dashboard.sources.configuration import UnknownName
from dashboard.sources.new_file import FileNotWritten, write_new_file
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.prepare_proposal import digest_of
from dashboard.usecases.propose_revision import ProposalRefused, folders_of
from dashboard.usecases.read_history import read_history

State = RevisionProposal.State


class AlreadyWritten(ProposalRefused):
    """The file is in the work tree since before; nothing is to be done."""


def write_proposal(
    *, user: AbstractBaseUser | AnonymousUser, proposal_id: int, sha256: str
) -> RevisionProposal:  # fmt: skip
    """`sha256`: of the text that the person was shown. Raises ProposalRefused, AlreadyWritten, PermissionDenied."""
    person = access.require(user, access.CREATE)
    proposal = RevisionProposal.objects.filter(pk=proposal_id).first()
    if proposal is None:
        raise ProposalRefused("There is no such proposal.")
    _refuse_twice(proposal)
    if reason := why_not_written(proposal):
        raise ProposalRefused(reason)
    if sha256 != proposal.sha256:
        raise ProposalRefused("The text is not the one that was shown. Read it again.")
    project = configuration().project(proposal.project)
    path = project.directory / proposal.path
    folder = next(f for f in folders_of(project, read_history(project)).values() if path.is_relative_to(f))
    with transaction.atomic():
        claimed = RevisionProposal.objects.filter(pk=proposal_id, state=State.READY).update(
            state=State.WRITTEN, written_at=timezone.now(), written_by=person
        )
        if not claimed:
            proposal.refresh_from_db()
            _refuse_twice(proposal)
            raise ProposalRefused("Somebody else has just discarded it.")
        try:
            write_new_file(path, proposal.content.encode(), inside=folder)
        except FileNotWritten as error:
            raise ProposalRefused(str(error)) from None
    proposal.refresh_from_db()
    return proposal


def discard_proposal(*, user: AbstractBaseUser | AnonymousUser, proposal_id: int) -> None:
    """Sets one aside that is not written; another one is left as it is. Raises PermissionDenied."""
    access.require(user, access.CREATE)
    RevisionProposal.objects.filter(pk=proposal_id, state__in=[*RevisionProposal.LIVE, State.READY]).update(
        state=State.DISCARDED
    )


def _refuse_twice(proposal: RevisionProposal) -> None:
    if proposal.state == State.WRITTEN and proposal.written_by is not None:
        raise AlreadyWritten(f"The file {proposal.path} was written already, by {proposal.written_by.get_username()}.")


def why_not_written(proposal: RevisionProposal) -> str:
    """Why it may not be written now, whoever asks, and what to do; empty: it may."""
    try:
        project = configuration().project(proposal.project)
    except UnknownName as error:
        return str(error.args[0])
    if proposal.state != State.READY:
        return "There is no file to write." if proposal.state != State.WRITTEN else f"{proposal.path} has been written."
    if not project.writable:
        return f"dashboard.toml does not let files of {project.title} be written here. Download the file, or run the command."
    history = read_history(project)
    if history.reading is None:
        return history.error
    if (project.directory / proposal.path).exists():
        return f"{proposal.path} exists already. Ask for a new one, with another message or id."
    if digest_of(history) != proposal.files_sha256:
        return "The script directory has changed since this was prepared, so that it may not fit. Ask for it again."
    return ""
