"""What is wrong with a history, found before anything walks it.

Alembic builds its revision map from all files or not at all: a missing parent ends in a bare KeyError, a
duplicate id in a warning. Here each fault is found for itself and names the file, so that the sound part of
the history stays usable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboard.revisions.cycles import cycles
from dashboard.revisions.records import Problem, ProblemKind, RevisionRecord

ILLEGAL_CHARACTERS = frozenset("@-+:")
"""Alembic refuses them in a revision id, because its notation (label@head, +1) uses them."""
RESERVED_WORDS = frozenset({"head", "heads", "base"})
"""Alembic's notation reads them as places of the history, so that no revision can be found by such an id."""


@dataclass(frozen=True, slots=True)
class Examination:
    """The edges that exist, and what is wrong. Ids are in the order of the files."""

    parents: Mapping[str, tuple[str, ...]]
    """By id: the down revisions that exist."""
    dependencies: Mapping[str, tuple[str, ...]]
    """By id: what depends_on names, labels resolved to ids, as far as it exists."""
    labels: Mapping[str, str]
    """By branch label: the revision whose file sets it; a label used twice is left out."""
    problems: tuple[Problem, ...]
    broken: Mapping[str, Problem]
    """By id: the fault that makes the revision's own place in the history unknown."""
    unresolved_dependencies: frozenset[str]
    """Revisions whose depends_on may name a label that another file sets by code."""

    @property
    def has_cycles(self) -> bool:
        """Whether some revisions come before themselves."""
        return any(problem.kind is ProblemKind.CYCLE for problem in self.problems)


def examine(records: Sequence[RevisionRecord]) -> Examination:
    """Find every fault of the history that `records`, in the order of their files, make up."""
    by_id = {record.revision: record for record in records}
    labels, label_problems = _find_labels(records, by_id)
    problems = [*_find_duplicates(records), *_find_unusable_ids(by_id.values()), *label_problems]
    parents: dict[str, tuple[str, ...]] = {}
    dependencies: dict[str, tuple[str, ...]] = {}
    unresolved: set[str] = set()
    some_label_is_code = any("branch_labels" in record.set_by_code for record in records if record.set_by_code)
    for record in by_id.values():
        known = tuple(parent for parent in record.down_revision if parent in by_id)
        if len(known) != len(record.down_revision):
            problems += [
                _missing_parent(record, parent, by_id) for parent in record.down_revision if parent not in by_id
            ]
        parents[record.revision] = known
        if not record.depends_on:
            continue
        named = {name: labels.get(name, name) for name in record.depends_on}
        for name in (name for name, target in named.items() if target not in by_id):
            if some_label_is_code:
                unresolved.add(record.revision)
            else:
                problems.append(_missing_dependency(record, name, by_id))
        dependencies[record.revision] = tuple(dict.fromkeys(t for t in named.values() if t in by_id))
    problems += _find_cycles(by_id, parents, dependencies)
    return Examination(
        parents=parents,
        dependencies=dependencies,
        labels=labels,
        problems=tuple(problems),
        broken=_first_fault_of_each(problems),
        unresolved_dependencies=frozenset(unresolved),
    )


def _first_fault_of_each(problems: Iterable[Problem]) -> dict[str, Problem]:
    """A label used twice leaves the order of the history alone, so it breaks no revision."""
    faults: dict[str, Problem] = {}
    for problem in problems:
        if problem.kind is not ProblemKind.DUPLICATE_LABEL:
            faults.setdefault(problem.revision, problem)
    return faults


def _find_duplicates(records: Sequence[RevisionRecord]) -> list[Problem]:
    paths: dict[str, list[RevisionRecord]] = {}
    for record in records:
        paths.setdefault(record.revision, []).append(record)
    return [
        Problem(
            kind=ProblemKind.DUPLICATE_REVISION,
            revision=revision,
            path=same[-1].path,
            line=same[-1].line_of("revision"),
            detail=f"Revision {revision} is in {len(same)} files: {_paths(same)}.",
            hint="Give one of them a new id and let its successors name it; or delete the copy.",
        )
        for revision, same in paths.items()
        if len(same) > 1
    ]


def _paths(records: Iterable[RevisionRecord]) -> str:
    return ", ".join(record.path for record in records)


def _find_unusable_ids(records: Iterable[RevisionRecord]) -> Iterator[Problem]:
    for record in records:
        if not ILLEGAL_CHARACTERS.isdisjoint(record.revision):
            detail = f"Alembic refuses the revision id {record.revision!r}: it holds one of @ - + :"
            hint = "Use letters, digits, dots and underscores in `revision`."
        elif record.revision in RESERVED_WORDS:
            detail = f"The revision id {record.revision!r} is a word that Alembic reserves: it would never find the revision."
            hint = "Give it another id in `revision`, and in the files that name it."
        else:
            continue
        yield Problem(
            kind=ProblemKind.UNREADABLE,
            revision=record.revision,
            path=record.path,
            line=record.line_of("revision"),
            detail=detail,
            hint=hint,
        )


def _find_labels(
    records: Sequence[RevisionRecord], by_id: Mapping[str, RevisionRecord]
) -> tuple[dict[str, str], list[Problem]]:
    """Labels by name, and those that are used twice or that are also a revision's id."""
    owners: dict[str, list[RevisionRecord]] = {}
    for record in records:
        for label in record.branch_labels:
            if by_id[record.revision] is record:
                owners.setdefault(label, []).append(record)
    problems = []
    for label, users in owners.items():
        others = [*users, by_id[label]] if label in by_id else users
        if len(others) > 1:
            problems.append(_duplicate_label(label, users[-1], others))
    labels = {label: users[0].revision for label, users in owners.items() if len(users) == 1 and label not in by_id}
    return labels, problems


def _duplicate_label(label: str, last: RevisionRecord, users: Sequence[RevisionRecord]) -> Problem:
    where = ", ".join(f"{record.revision} ({record.path})" for record in users)
    return Problem(
        kind=ProblemKind.DUPLICATE_LABEL,
        revision=last.revision,
        path=last.path,
        line=last.line_of("branch_labels"),
        detail=f"The name {label!r} is taken more than once, as a label or an id: {where}.",
        hint="Set a branch label in the first revision of its branch only; those after it inherit it.",
    )


def _missing_parent(record: RevisionRecord, parent: str, by_id: Mapping[str, RevisionRecord]) -> Problem:
    return Problem(
        kind=ProblemKind.MISSING_PARENT,
        revision=record.revision,
        path=record.path,
        line=record.line_of("down_revision"),
        detail=f"Revision {record.revision} follows {parent!r}, which no file of the script directory has.",
        hint=_full_id_hint(parent, by_id) or "Bring the missing file back, or correct `down_revision`.",
    )


def _missing_dependency(record: RevisionRecord, name: str, by_id: Mapping[str, RevisionRecord]) -> Problem:
    return Problem(
        kind=ProblemKind.MISSING_DEPENDENCY,
        revision=record.revision,
        path=record.path,
        line=record.line_of("depends_on"),
        detail=f"Revision {record.revision} depends on {name!r}, which is no revision and no label here.",
        hint=_full_id_hint(name, by_id) or "Bring the missing file back, or correct `depends_on`.",
    )


def _full_id_hint(name: str, by_id: Mapping[str, RevisionRecord]) -> str:
    """Alembic takes a prefix on its command line, never in a file."""
    longer = [revision for revision in by_id if name and revision.startswith(name)]
    return f"Write the whole id: {longer[0]!r}." if len(longer) == 1 else ""


def _find_cycles(
    by_id: Mapping[str, RevisionRecord],
    parents: Mapping[str, tuple[str, ...]],
    dependencies: Mapping[str, tuple[str, ...]],
) -> list[Problem]:
    edges = parents
    if dependencies:
        edges = {revision: (*parents[revision], *dependencies.get(revision, ())) for revision in by_id}
    problems = []
    for group in cycles(edges):
        files = ", ".join(f"{revision} ({by_id[revision].path})" for revision in group)
        for revision in group:
            record = by_id[revision]
            name = "down_revision" if any(parent in group for parent in parents[revision]) else "depends_on"
            problems.append(
                Problem(
                    kind=ProblemKind.CYCLE,
                    revision=revision,
                    path=record.path,
                    line=record.line_of(name),
                    detail=f"These revisions come before themselves: {files}."
                    if len(group) > 1
                    else f"Revision {revision} names itself in `{name}`.",
                    hint=f"Correct `{name}` in one of them so that the chain ends at a base.",
                )
            )
    return problems
