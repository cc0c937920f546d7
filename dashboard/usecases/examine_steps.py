"""What the files of a plan's revisions say beyond their place in the history: whether they parse, what reverting loses."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.alembic_process.syntax import interpreter_takes
from dashboard.revisions.losses import DowngradeKind, DowngradeReading, Loss, Note
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.routes import Action
from dashboard.sources.configuration import Project
from dashboard.sources.downgrade_function import read_downgrade
from dashboard.sources.files import DiskFiles, read_one
from dashboard.sources.revision_file import decode, find_syntax_error


@dataclass(frozen=True)
class Caution:
    """Something that a person must look at before a revision is reverted."""

    revision: str
    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Examination:
    """`faults`: sentences, each of which keeps the plan from being made. The rest concerns what is reverted."""

    faults: tuple[str, ...]
    losses: tuple[Loss, ...]
    cautions: tuple[Caution, ...]


@dataclass(frozen=True)
class _File:
    fault: str
    downgrade: DowngradeReading | None
    """None: the file could not be parsed here."""


def examine_steps(*, project: Project, steps: Iterable[tuple[RevisionRecord, Action]]) -> Examination:
    """In the order of the steps. Reads files, runs nothing of them."""
    faults: list[str] = []
    losses: list[Loss] = []
    cautions: list[Caution] = []
    for record, action in steps:
        file = _read_file(project.directory, record.path, record.sha256, record.revision, project.python)
        if file.fault:
            faults.append(file.fault)
        elif action is Action.DOWNGRADE:
            fault = _why_not_revertible(record, file.downgrade)
            faults += [fault] if fault else []
            losses += file.downgrade.losses if file.downgrade else ()
            cautions += [Caution(record.revision, record.path, n.line, n.text) for n in _notes(file.downgrade)]
    return Examination(tuple(faults), tuple(losses), tuple(cautions))


def find_file_fault(project: Project, path: str, sha256: str) -> str:
    """Why a file cannot be part of a run: it cannot be read, or the project's interpreter cannot parse it. Else empty."""
    return _read_file(project.directory, path, sha256, "", project.python).fault if sha256 else ""


@lru_cache(maxsize=8192)
def _read_file(directory: Path, path: str, sha256: str, revision: str, python: str) -> _File:
    """The key holds the file's hash, so that a changed file is read anew."""
    try:
        content = read_one(DiskFiles(), directory / path)
    except OSError as error:
        return _File(f"{path} cannot be read: {error.strerror}.", None)
    if hashlib.sha256(content).hexdigest() != sha256:
        return _File(f"{path} has just changed. Make the plan again.", None)
    wrong = find_syntax_error(content)
    if wrong is None:
        return _File("", read_downgrade(revision, decode(content)))
    if python != sys.executable and interpreter_takes(python, content):
        return _File("", None)
    line, message = wrong
    where = f"{path}, line {line}" if line else path
    return _File(f"{where}: Python cannot parse it: {message}. Mend it, then make the plan again.", None)


def _why_not_revertible(record: RevisionRecord, downgrade: DowngradeReading | None) -> str:
    if downgrade is None or downgrade.kind not in {DowngradeKind.MISSING, DowngradeKind.RAISES}:
        return ""
    if downgrade.kind is DowngradeKind.MISSING:
        return f"{record.path}: revision {record.revision} has no downgrade(), so it cannot be reverted. Write one."
    return (
        f"{record.path}, line {downgrade.line}: the downgrade() of revision {record.revision} only raises an error, so "
        "it cannot be reverted. Write one, or go back to a revision above it."
    )


def _notes(downgrade: DowngradeReading | None) -> Iterator[Note]:
    if downgrade is None:
        yield Note(0, "not understood: the dashboard's own Python cannot parse this file")
    elif downgrade.kind is DowngradeKind.EMPTY and not downgrade.upgrade_is_empty:
        yield Note(downgrade.line or 0, "downgrade() does nothing: what upgrade() made stays, only the row goes back")
    else:
        yield from downgrade.notes
