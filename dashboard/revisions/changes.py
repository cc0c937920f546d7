"""What two sides did to revisions since their common commit, and the history that both together make up.

The same rule as git's own merge, by revision instead of by line: where one side alone changed a revision, its version
is taken; where both did, differently, they clash. Nothing is merged here but plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboard.revisions.records import RevisionRecord


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """One revision before and after: added where `before` is None, deleted where `after` is."""

    revision: str
    before: RevisionRecord | None
    after: RevisionRecord | None


@dataclass(frozen=True, slots=True)
class SideChanges:
    """What each side did since the commit that both come from."""

    left: tuple[RevisionChange, ...]
    right: tuple[RevisionChange, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed the same revision, and not in the same way; of a revision unknown before, `before` is None."""

    revision: str
    before: RevisionRecord | None
    left: RevisionRecord | None
    right: RevisionRecord | None


@dataclass(frozen=True, slots=True)
class Merge:
    """`taken`: what changes on the left; where sides clash, the left version stands, or else the only one there is."""

    taken: tuple[RevisionChange, ...]
    clashes: tuple[Clash, ...]


def revision_changes(before: Iterable[RevisionRecord], after: Iterable[RevisionRecord]) -> tuple[RevisionChange, ...]:
    """From the files that differ between two trees, as either has them. A file that only moved is no change."""
    old = {record.revision: record for record in before}
    new = {record.revision: record for record in after}
    return tuple(
        RevisionChange(revision, old.get(revision), new.get(revision))
        for revision in dict.fromkeys((*old, *new))
        if not same_content(old.get(revision), new.get(revision))
    )


def in_every(changes: Sequence[tuple[RevisionChange, ...]]) -> tuple[RevisionChange, ...]:
    """Of changes counted from several merge bases (criss-cross merges): those that differ from all of them."""
    if not changes:
        return ()
    others = [{change.revision for change in more} for more in changes[1:]]
    return tuple(change for change in changes[0] if all(change.revision in ids for ids in others))


def compose(left: Iterable[RevisionChange], right: Iterable[RevisionChange]) -> tuple[RevisionChange, ...]:
    """What leads from the left side to the right one, of what both did since the same commit."""
    mine, theirs = {c.revision: c for c in left}, {c.revision: c for c in right}
    found = []
    for revision in dict.fromkeys((*mine, *theirs)):
        before = mine[revision].after if revision in mine else theirs[revision].before
        after = theirs[revision].after if revision in theirs else mine[revision].before
        if not same_content(before, after):
            found.append(RevisionChange(revision, before, after))
    return tuple(found)


def merge_changes(left: Mapping[str, RevisionRecord], changes: SideChanges) -> Merge:
    """What the left side becomes when the right one is merged into it."""
    changed_left = {change.revision for change in changes.left}
    taken, clashes = [], []
    for change in changes.right:
        mine = left.get(change.revision)
        if same_content(mine, change.after):
            continue
        if change.revision in changed_left or (mine is not None and change.before is None):
            clashes.append(Clash(change.revision, change.before, mine, change.after))
        if mine is None or not clashes or clashes[-1].revision != change.revision:
            taken.append(RevisionChange(change.revision, mine, change.after))
    return Merge(tuple(taken), tuple(clashes))


def unite(left: Mapping[str, RevisionRecord], right: Mapping[str, RevisionRecord]) -> Merge:
    """The same where no common commit is known: different contents clash, and a missing file is no deletion."""
    taken = tuple(RevisionChange(revision, None, record) for revision, record in right.items() if revision not in left)
    clashes = tuple(
        Clash(revision, None, left[revision], record)
        for revision, record in right.items()
        if revision in left and not same_content(left[revision], record)
    )
    return Merge(taken, clashes)


def merged_records(left: Mapping[str, RevisionRecord], merge: Merge) -> tuple[RevisionRecord, ...]:
    """The merged tree, in the order of the paths."""
    after = {change.revision: change.after for change in merge.taken}
    kept = (record for revision, record in left.items() if revision not in after)
    return tuple(sorted((*kept, *filter(None, after.values())), key=lambda record: record.path))


def same_content(one: RevisionRecord | None, other: RevisionRecord | None) -> bool:
    """Whether both files hold the same bytes, or neither exists."""
    if one is None or other is None:
        return one is other
    return one.sha256 == other.sha256


def same_place(one: RevisionRecord, other: RevisionRecord) -> bool:
    """Whether both versions of a revision build on the same ones."""
    return set(one.down_revision) == set(other.down_revision) and set(one.depends_on) == set(other.depends_on)
