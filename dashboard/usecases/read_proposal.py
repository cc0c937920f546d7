"""What belongs to a proposed revision file: what models and database differ in, and the commands for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.databases.difference import difference_from_json
from dashboard.models import RevisionProposal
from dashboard.sources.configuration import Project
from dashboard.sources.git_state import read_checkout_state
from dashboard.usecases.alembic_commands import autogenerate_command, merge_command
from dashboard.usecases.difference_words import say_difference
from dashboard.usecases.propose_revision import folders_of
from dashboard.usecases.read_history import read_history

_TAKE_DATA = frozenset({"drop_table", "drop_column"})
_MOST_NAMED = 20
"""With more uncommitted files than this none of them is named."""


@dataclass(frozen=True, slots=True)
class ToldDifference:
    """One difference as it is shown."""

    words: str
    text: str
    """The Python that Alembic would write."""
    takes_data: bool
    """Told also where the SQL of a file cannot be written, and nothing is found in it therefore."""


def list_differences(proposal: RevisionProposal) -> tuple[ToldDifference, ...]:
    """In Alembic's order."""
    found = map(difference_from_json, proposal.differences)
    return tuple(ToldDifference(say_difference(d), d.repair, d.operation in _TAKE_DATA) for d in found)


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

    Named are, unless they are many, the Python files of the project that are not committed and no revisions: which of them are
    the models, or what they need, is for a person to see.
    """
    state = read_checkout_state(project.directory) if project.git else None
    if state is None or not (state.commit or state.branch):
        return ()
    files = [proposal.path]
    if proposal.kind == RevisionProposal.Kind.AUTOGENERATE:
        folders = tuple(f"{folder}/" for folder in folders_of(project, read_history(project)))
        others = [f for f in state.uncommitted if f.endswith(".py") and f.isprintable() and not f.startswith(folders)]
        files += others if len(others) <= _MOST_NAMED else []
    return (
        shlex.join(["cd", str(project.directory)]),
        _git("add", "--", *files),
        _git("commit", *_commit_message(proposal.message), "--", *files),
    )


def _commit_message(message: str) -> Sequence[str]:
    return [f"--message={message}"] if message.startswith("-") else ["-m", message]


def _git(*words: str) -> str:
    return shlex.join(["git", *words])
