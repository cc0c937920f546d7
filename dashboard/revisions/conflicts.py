"""What would go wrong, or surprise, when the right side of a comparison is merged into the left one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.changes import Clash, Merge, RevisionChange, SideChanges, same_content, same_place
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import Problem, RevisionRecord, UnreadableFile


class ConflictKind(StrEnum):
    """Why a merge needs a person first."""

    COLLISION = "collision"
    """Both sides made another revision of the same id."""
    REBASED = "rebased"
    """Both sides have the revision, at another place of the history."""
    EDITED = "edited"
    REPARENTED = "reparented"
    DELETED = "deleted"
    EDITED_ON_BOTH = "edited_on_both"
    DELETED_AND_EDITED = "deleted_and_edited"
    DIFFERENT_CONTENT = "different_content"
    """The files differ, and no common commit tells who changed one."""
    SAME_MERGE = "same_merge"
    """Two merge revisions of the same heads."""
    UNKNOWN_REVISION = "unknown_revision"
    """A database holds a revision that no file is known for."""
    UNREADABLE = "unreadable"
    BROKEN_HISTORY = "broken_history"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One of them. `hint` says what to do; the paths are empty where a side lacks the file."""

    kind: ConflictKind
    revision: str
    message: str
    left_path: str
    right_path: str
    detail: str
    hint: str


def conflicts_of_merging(
    merge: Merge, changes: SideChanges | None, left: Mapping[str, RevisionRecord]
) -> Iterator[Conflict]:
    """Revisions that both sides changed, then those that the right side alone edits or deletes."""
    yield from map(_conflict_of_clash, merge.clashes)
    if changes is not None:
        clashed = {clash.revision for clash in merge.clashes}
        yield from _conflicts_of_changes((c for c in changes.right if c.revision not in clashed), left)


def _conflict_of_clash(clash: Clash) -> Conflict:
    """Both sides changed a revision."""
    left, right = clash.left, clash.right
    if left is None or right is None:
        kind = ConflictKind.DELETED_AND_EDITED
        deleted, edited = ("left", "right") if left is None else ("right", "left")
        detail = f"The {deleted} side deletes it, the {edited} side edits it."
        hint = "Agree on one of the two before merging."
    elif clash.before is not None:
        kind = ConflictKind.EDITED_ON_BOTH
        detail = "Both sides edit it, differently."
        hint = "Leave an existing revision as it was; write what is new as a new revision."
    elif left.message == right.message and not same_place(left, right):
        kind = ConflictKind.REBASED
        detail = f"It follows {_names(left)} on the left, {_names(right)} on the right."
        hint = "Keep the newer version; a database that has the older one will not notice the difference."
    elif left.message == right.message:
        kind = ConflictKind.DIFFERENT_CONTENT
        detail = "The files differ although the revision is the same."
        hint = "Keep one version; a database that has the other one may have another schema."
    else:
        kind = ConflictKind.COLLISION
        detail = f"Two revisions have this id: {left.message!r} on the left, {right.message!r} on the right."
        hint = "Give the newer one a new id: alembic revision makes one."
    return _conflict(kind, left, right, detail, hint)


def _conflicts_of_changes(changes: Iterable[RevisionChange], left: Mapping[str, RevisionRecord]) -> Iterator[Conflict]:
    """The right side edits or deletes revisions that exist on the left, unchanged there."""
    for change in changes:
        mine = left.get(change.revision)
        if change.before is None or mine is None or same_content(mine, change.after):
            continue
        if change.after is None:
            hint = "Bring it back, unless no database can have it any more."
            yield _conflict(ConflictKind.DELETED, mine, None, "The right side deletes an existing revision.", hint)
        elif not same_place(change.before, change.after):
            detail = f"The right side puts it after {_names(change.after)} instead of {_names(change.before)}."
            hint = "Leave it where it was, unless no database can have it any more."
            yield _conflict(ConflictKind.REPARENTED, mine, change.after, detail, hint)
        else:
            hint = "A database that has it will not get the edit: write a new revision instead."
            yield _conflict(ConflictKind.EDITED, mine, change.after, "The right side edits an existing revision.", hint)


def conflicts_of_merges(left: Iterable[RevisionRecord], right: Iterable[RevisionRecord]) -> Iterator[Conflict]:
    """Merge revisions that either side has alone, of the same heads."""
    merges = {frozenset(record.down_revision): record for record in left if len(record.down_revision) > 1}
    for record in right:
        other = merges.get(frozenset(record.down_revision))
        if other is not None and other.revision != record.revision:
            detail = f"Merges {_names(record)}, as {other.revision} does on the other side."
            hint = "Keep one of the two merge revisions, and let what follows the other name it."
            yield Conflict(
                ConflictKind.SAME_MERGE, record.revision, record.message, other.path, record.path, detail, hint
            )


def conflicts_of_history(merged: RevisionGraph, known: Iterable[Problem]) -> Iterator[Conflict]:
    """What is wrong with the merged history and not with the left one already."""
    before = {(problem.kind, problem.revision) for problem in known}
    for problem in merged.problems:
        if (problem.kind, problem.revision) not in before:
            record = merged.records.get(problem.revision)
            yield Conflict(
                ConflictKind.BROKEN_HISTORY,
                problem.revision,
                record.message if record else "",
                "",
                problem.path,
                f"With both sides merged: {problem.detail}",
                problem.hint,
            )


def conflicts_of_unreadable(left: Iterable[UnreadableFile], right: Iterable[UnreadableFile]) -> Iterator[Conflict]:
    """Files that cannot be read on the right and are not the same fault on the left."""
    known = {(file.path, file.reason) for file in left}
    for file in right:
        if (file.path, file.reason) not in known:
            hint = "Until then it cannot be told what it adds to the history."
            yield Conflict(ConflictKind.UNREADABLE, "", "", "", file.path, file.reason, hint)


def _conflict(
    kind: ConflictKind, left: RevisionRecord | None, right: RevisionRecord | None, detail: str, hint: str
) -> Conflict:
    named = left or right
    assert named is not None
    return Conflict(
        kind, named.revision, named.message, left.path if left else "", right.path if right else "", detail, hint
    )


def _names(record: RevisionRecord) -> str:
    return ", ".join((*record.down_revision, *record.depends_on)) or "nothing"
