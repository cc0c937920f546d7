"""The JSON document of a comparison. Format 1: keys are added, never changed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.touches import Touch
from dashboard.usecases.compare import ComparedSides
from dashboard.usecases.compare_sides import ComparedSide
from dashboard.usecases.documents import FORMAT, rfc3339
from dashboard.usecases.merge_commands import merge_commands


def comparison_document(compared: ComparedSides) -> dict[str, Any]:
    """Lists of revisions stand in the order of execution; `common` holds the latest common ancestors."""
    found = compared.comparison
    return {
        "format": FORMAT,
        "project": compared.project.name,
        "left": _side(compared.left),
        "right": _side(compared.right),
        "relation": found.relation.value,
        "bases": list(compared.bases),
        "common": _short(found.common),
        "common_count": found.common_count,
        "only_left": _short(found.only_left),
        "only_right": _short(found.only_right),
        "differing": [
            {"revision": one.revision, "message": one.message, "left_path": one.path, "right_path": other.path}
            for one, other in found.differing
        ],
        "merge_needed": found.merge_needed,
        "heads_after_merge": _short(found.heads_after_merge),
        "to_merge": [list(group) for group in found.to_merge],
        "merge_commands": list(merge_commands(compared.project, found.to_merge)),
        "linearise": [
            {"revision": edit.record.revision, "path": edit.record.path, "down_revision": edit.down_revision}
            for edit in found.reparentings
        ],
        "conflicts": [asdict(conflict) for conflict in found.conflicts],
        "uncertain": found.uncertain,
        "tables": [
            {
                "table": shared.table,
                "judgement": shared.judgement.value,
                "why": shared.why,
                "left": _touches(shared.left),
                "right": _touches(shared.right),
            }
            for shared in compared.tables.shared
        ],
        "not_understood": [
            {"revision": revision, "line": note.line or None, "text": note.text}
            for revision, note in compared.tables.unclear
        ],
    }


def _side(side: ComparedSide) -> dict[str, Any]:
    return {
        "kind": side.kind.value,
        "name": side.name or None,
        "commit": side.commit or None,
        "heads": list(side.history.heads),
        "unknown": list(side.history.unknown),
        "observed_at": rfc3339(side.observed_at),
        "note": side.note or None,
    }


def _short(records: Sequence[RevisionRecord]) -> list[dict[str, str]]:
    return [{"revision": record.revision, "message": record.message} for record in records]


def _touches(touches: Iterable[tuple[str, Touch]]) -> list[dict[str, Any]]:
    return [
        {"revision": revision, "kind": touch.kind.value, "columns": sorted(touch.columns), "words": touch.words}
        for revision, touch in touches
    ]
