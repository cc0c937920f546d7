"""Asks for a new revision file, by autogenerate or as a merge of heads; a worker prepares it, nothing is written yet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from dashboard import access
from dashboard.models import RevisionProposal
from dashboard.revisions.errors import HistoryError
from dashboard.revisions.permanent_heads import extra_heads
from dashboard.revisions.soundness import RESERVED_WORDS
from dashboard.sources.configuration import Environment, Project, UnknownName
from dashboard.sources.shown_paths import PathNames
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.read_history import ProjectHistory, read_history

Kind = RevisionProposal.Kind
LONGEST_MESSAGE = 200
_REVISION_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,31}")
"""At most 32 characters, which is what the version table holds; it becomes part of a file's name."""
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Characters that show text in another order than it has."""


class ProposalRefused(Exception):
    """Nothing was asked for, or nothing was done with it; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RevisionChoices:
    """What a new revision of a project can be made from."""

    problem: str
    """Why there can be none, and what to mend; empty: there can."""
    heads: dict[str, str]
    """Their messages by id, in Alembic's order."""
    to_merge: tuple[str, ...]
    """Those heads that should become one; empty where the heads are right."""
    folders: tuple[str, ...]
    """The version locations as shown; the first is not preferred."""
    environments: tuple[Environment, ...]
    """Whose databases the models of the work tree can be compared with."""


def read_choices(project: Project) -> RevisionChoices:
    """Of the work tree as it is now."""
    history = read_history(project)
    reading = history.reading
    return RevisionChoices(
        problem=_problem_of(history),
        heads={head: history.graph.records[head].message for head in history.graph.heads},
        to_merge=extra_heads(history.graph, project.heads),
        folders=tuple(folders_of(project, history)) if reading else (),
        environments=tuple(e for e in project.environments.values() if not e.ref),
    )


def propose_revision(
    *,
    user: AbstractBaseUser | AnonymousUser,
    project: str,
    kind: str,
    message: str,
    environment: str = "",
    heads: Sequence[str] = (),
    revision: str = "",
    folder: str = "",
) -> RevisionProposal:
    """Queues it, and returns at once. The same, asked for again while it is prepared, is the same proposal.

    `heads`: whole ids; of an autogenerate at most one. `revision`: the id that it is to have, empty: Alembic makes one.
    `folder`: of the version locations, as shown. Raises ProposalRefused, PermissionDenied, UnknownName.
    """
    from dashboard.tasks import prepare_proposal

    person = access.require(user, access.CREATE)
    found = configuration().project(project)
    choices = read_choices(found)
    if choices.problem:
        raise ProposalRefused(choices.problem)
    wanted = {
        "project": found.name,
        "kind": Kind(kind) if kind in Kind.values else _refuse("It is neither autogenerate nor merge."),
        "environment": _check_environment(found, choices, kind, environment),
        "message": check_message(message),
        "heads": _check_heads(choices, kind, tuple(dict.fromkeys(heads))),
        "requested_id": _check_id(found, revision.strip()),
        "requested_folder": folder if not folder or folder in choices.folders else _refuse(f"{folder} is no folder."),
        "created_by": person,
    }
    with transaction.atomic():
        waiting = RevisionProposal.objects.filter(**wanted, state__in=RevisionProposal.LIVE).first()
        if waiting is not None:
            return waiting
        proposal = RevisionProposal.objects.create(**wanted)
        prepare_proposal.enqueue(proposal.pk)
    return proposal


def check_message(message: str) -> str:
    """Without blanks around it, where it can stand in a docstring and in a file's name. Raises ProposalRefused."""
    text = message.strip()
    if not text:
        raise ProposalRefused("It has no message. Say what the revision does: its file is named after that.")
    if len(text) > LONGEST_MESSAGE:
        raise ProposalRefused(f"The message has {len(text)} characters. Say it in at most {LONGEST_MESSAGE}.")
    if any(unicodedata.category(c) in _UNSEEN or unicodedata.bidirectional(c) in _DIRECTIONS for c in text):
        raise ProposalRefused("The message holds line ends or characters that cannot be seen. Write it in one line.")
    if "\\" in text or '"""' in text or "'''" in text:
        raise ProposalRefused(
            "The message holds a backslash or three quotes, which would break the file's docstring. Say it without."
        )
    return text


def folders_of(project: Project, history: ProjectHistory) -> dict[str, Path]:
    """The version locations, by what is shown of them."""
    names = PathNames(project.directory)
    return {names.name(path.as_posix()): path for path in history.reading.version_locations} if history.reading else {}


def _problem_of(history: ProjectHistory) -> str:
    if history.reading is None:
        return history.error
    if history.reading.unreadable:
        first = history.reading.unreadable[0]
        return f"{first.path}: {first.reason} Alembic refuses the whole script directory until that is mended."
    try:
        history.graph.require_sound()
    except HistoryError as error:
        return str(error)
    return ""


def _check_environment(project: Project, choices: RevisionChoices, kind: str, name: str) -> str:
    """A merge compares nothing: the environment only lends the variables with which the project's files are loaded."""
    if kind == Kind.MERGE and not name:
        return choices.environments[0].name if choices.environments else ""
    if not name:
        raise ProposalRefused("Choose the environment whose database the models are compared with.")
    try:
        environment = project.environment(name)
    except UnknownName as error:
        raise ProposalRefused(str(error)) from None
    if environment.ref:
        raise ProposalRefused(
            f"{name} runs {environment.ref}, and a new file is written into the work tree. Choose an environment that runs "
            "the work tree."
        )
    return name


def _check_heads(choices: RevisionChoices, kind: str, heads: tuple[str, ...]) -> list[str]:
    if unknown := [head for head in heads if head not in choices.heads]:
        raise ProposalRefused(
            f"{', '.join(unknown)} {'is no head' if len(unknown) == 1 else 'are no heads'} of the work tree. Its heads: "
            f"{', '.join(choices.heads) or 'none'}."
        )
    if kind == Kind.MERGE:
        if len(heads) < 2:
            raise ProposalRefused("A merge needs two heads or more. Choose them.")
        return list(heads)
    if len(heads) > 1:
        raise ProposalRefused("A new revision builds on one head. Choose one, or merge them first.")
    if not heads and len(choices.heads) > 1:
        raise ProposalRefused(f"There are {len(choices.heads)} heads. Choose the one to build on, or merge them first.")
    return list(heads or choices.heads)


def _check_id(project: Project, revision: str) -> str:
    if not revision:
        return ""
    if not _REVISION_ID.fullmatch(revision):
        raise ProposalRefused("A revision id has at most 32 letters, digits, underscores and dots.")
    if revision in RESERVED_WORDS:
        raise ProposalRefused(f"{revision} is a word that Alembic reserves. Choose another revision id.")
    graph = read_history(project).graph
    if revision in graph.records:
        raise ProposalRefused(f"There is a revision {revision} already.")
    if revision in graph.labels:
        raise ProposalRefused(f"{revision} is already a branch label, of revision {graph.labels[revision]}.")
    if longer := next((known for known in graph.records if known.startswith(revision)), ""):
        raise ProposalRefused(f"{revision} already means revision {longer}, which begins with it. Choose another id.")
    return revision


def _refuse(why: str) -> NoReturn:
    raise ProposalRefused(why)
