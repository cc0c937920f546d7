"""What belongs to a proposed revision file: what models and database differ in, and the commands for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from dashboard.databases.difference import difference_from_json
from dashboard.models import RevisionProposal
from dashboard.sources.configuration import Project
from dashboard.sources.git_state import read_checkout_state
from dashboard.usecases.alembic_commands import autogenerate_command, merge_command
from dashboard.usecases.difference_words import say_difference
from dashboard.usecases.read_history import read_history

_MOST_NAMED = 20
"""With more uncommitted files than this the command names their folder."""


def list_differences(proposal: RevisionProposal) -> tuple[tuple[str, str], ...]:
    """Each as a sentence, and as the Python that Alembic would write."""
    found = map(difference_from_json, proposal.differences)
    return tuple((say_difference(difference), difference.repair) for difference in found)


def say_command(proposal: RevisionProposal, project: Project) -> str:
    """What makes such a file in a shell, in the project's directory."""
    if proposal.kind == RevisionProposal.Kind.MERGE:
        return merge_command(project, proposal.heads, message=proposal.message, revision=proposal.requested_id)
    heads = proposal.heads if len(read_history(project).graph.heads) > 1 else []
    return autogenerate_command(
        project,
        message=proposal.message,
        head=heads[0] if heads else "",
        revision=proposal.requested_id,
        version_path=proposal.requested_folder,
    )


def say_commit(proposal: RevisionProposal, project: Project) -> tuple[str, ...]:
    """What commits the file and, of an autogenerate, the change of the models with it; empty outside of git.

    What else is not committed below the project's directory is named: that the models are among it is for a person to see.
    """
    state = read_checkout_state(project.directory) if project.git else None
    if state is None or not (state.commit or state.branch):
        return ()
    files = [proposal.path]
    if proposal.kind == RevisionProposal.Kind.AUTOGENERATE:
        files += [file for file in state.uncommitted if file != proposal.path and _may_be_models(file)]
    if len(files) > _MOST_NAMED:
        files = [proposal.path, "."]
    return (
        shlex.join(["cd", str(project.directory)]),
        _git("add", "--", *files),
        _git("commit", *_commit_message(proposal.message), "--", *files),
    )


def _may_be_models(file: str) -> bool:
    return PurePosixPath(file).suffix == ".py"


def _commit_message(message: str) -> Sequence[str]:
    return [f"--message={message}"] if message.startswith("-") else ["-m", message]


def _git(*words: str) -> str:
    return shlex.join(["git", *words])
