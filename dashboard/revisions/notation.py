"""Alembic's own notation for revisions, answered by Alembic's own RevisionMap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alembic.script.revision import Revision, RevisionError, RevisionMap

from dashboard.revisions.errors import HistoryError
from dashboard.revisions.records import RevisionRecord

__all__ = ["RevisionMap", "build_map", "counts_from_current", "resolve", "reverted_revisions"]

_RELATIVE = re.compile(r"(?:(?P<branch>.+?)@)?(?P<symbol>\w+)?(?P<steps>[+-]\d+)")
"""As Alembic's: `+2`, `label@-1`, `ae10+1`."""


def build_map(records: Iterable[RevisionRecord]) -> RevisionMap:
    """Alembic's map of a sound history. Its Revision objects are fresh, since the map changes them.

    It is complete when it is returned, so that threads may share it.
    """
    listed = list(records)
    revision_map = RevisionMap(lambda: [_to_alembic(record) for record in listed])
    _ = revision_map._revision_map
    return revision_map


def _to_alembic(record: RevisionRecord) -> Revision:
    return Revision(
        record.revision,
        record.down_revision or None,
        dependencies=record.depends_on or None,
        branch_labels=record.branch_labels or None,
    )


def counts_from_current(text: str) -> bool:
    """Whether what `text` means depends on the rows of a database."""
    match = _RELATIVE.match(text)
    return match is not None and match["symbol"] is None


def resolve(revision_map: RevisionMap, text: str, current: tuple[str, ...]) -> tuple[str, ...]:
    """Whole ids; the empty tuple for base. Raises HistoryError in words that name the mend."""
    match = _RELATIVE.match(text)
    if not text or (match and not _RELATIVE.fullmatch(text)):
        forms = "an id, a prefix of one, label@head, head, heads, base, +N or -N"
        raise HistoryError(f"{text!r} is no revision. Give {forms}.")
    _refuse_ambiguous_step(text, current)
    with _said_plainly(text, revision_map, current):
        if match and match["symbol"] is None and int(match["steps"]) < 0:
            _, found = revision_map._parse_downgrade_target(current, text, assert_relative_length=True)
            revisions: tuple[object, ...] = (found,)
        else:
            revisions = revision_map._parse_upgrade_target(current, text, assert_relative_length=True)
    if any(revision is None for revision in revisions) and match:
        raise HistoryError(f"{text!r} leads past the end of the history. Name the revision itself.")
    ids = (revision.revision for revision in revisions if isinstance(revision, Revision))
    return tuple(dict.fromkeys(ids))


def reverted_revisions(revision_map: RevisionMap, current: tuple[str, ...], target: str) -> frozenset[str]:
    """Ids of the revisions that `alembic downgrade TARGET` reverts from `current`. Raises HistoryError."""
    _refuse_ambiguous_step(target, current)
    with _said_plainly(target, revision_map, current):
        found = revision_map.iterate_revisions(current, None if target == "base" else target, select_for_downgrade=True)
        return frozenset(revision.revision for revision in found)


def _refuse_ambiguous_step(text: str, current: tuple[str, ...]) -> None:
    """Alembic takes any of several rows for `-1`, and warns."""
    if text.startswith("-") and counts_from_current(text) and len(set(current)) > 1:
        raise HistoryError(
            f"{text!r} is ambiguous: the database holds {len(current)} rows. Write LABEL@{text}, or the whole id."
        )


@contextmanager
def _said_plainly(text: str, revision_map: RevisionMap, current: tuple[str, ...]) -> Iterator[None]:
    """Turns what Alembic raises, its bare assertions included, into a HistoryError."""
    try:
        yield
    except RevisionError as error:
        raise HistoryError(_mend(text, str(error), revision_map, current)) from error
    except (AssertionError, LookupError, TypeError, ValueError, AttributeError) as error:
        said = f"{text!r} does not name one revision of this history. Give a whole id."
        raise HistoryError(said) from error


def _mend(text: str, said: str, revision_map: RevisionMap, current: tuple[str, ...]) -> str:
    rows = ", ".join(current) or "no revision"
    if said.startswith("Multiple heads"):
        return f"{said}. Name one of them, or `heads` for all."
    if said.startswith("Ambiguous walk"):
        return _explain_ambiguous_walk(text, revision_map, current)
    if said.startswith("Ambiguous upgrade from multiple"):
        return f"{text!r} is ambiguous: the database holds {len(current)} rows. Write LABEL@{text}, or the whole id."
    if "overlaps" in said:
        return f"{said}. Name only the latest of them."
    if "is not an ancestor of" in said:
        return f"{text!r} is not contained in what the database holds ({rows}), so nothing can be reverted to it."
    if "didn't produce" in said:
        return f"{text!r} leads past the end of the history. Name the revision itself."
    if said.startswith(("No such revision", "Multiple revisions")):
        return f"{said}. See the history for whole ids."
    return f"{text!r}: {said}. Name the revision by its whole id."


def _explain_ambiguous_walk(text: str, revision_map: RevisionMap, current: tuple[str, ...]) -> str:
    """Names the merge or branch point at which Alembic does not know where to go, and what lies behind it."""
    match = _RELATIVE.fullmatch(text)
    symbol = match["symbol"] if match else None
    start = symbol or (current[0] if len(current) == 1 else None)
    walked = revision_map.get_revision(start) if start in revision_map._revision_map else None
    is_down = match is not None and int(match["steps"]) < 0
    while walked is not None:
        ways = sorted(walked._all_down_revisions if is_down else walked.nextrev)
        if len(ways) > 1:
            point, list_of_ways = walked.revision, f"{', '.join(ways[:-1])} and {ways[-1]}"
            if is_down:
                return (
                    f"{text!r} is ambiguous: {point} is a merge point of {list_of_ways}. Name one of them: only what "
                    f"lies above it is reverted, and all of them stay."
                )
            return f"{text!r} is ambiguous: {point} is a branch point, followed by {list_of_ways}. Name one of them."
        walked = revision_map.get_revision(ways[0]) if ways else None
    return f"{text!r} is ambiguous: it could go several ways. Name the revision by its whole id."
