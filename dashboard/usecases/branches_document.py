"""The JSON document of all branches. Format 1: keys are added, never changed or removed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dashboard.sources.configuration import Project
from dashboard.usecases.documents import FORMAT, rfc3339
from dashboard.usecases.merge_commands import merge_commands
from dashboard.usecases.read_branches import Branch, BranchesReading


def branches_document(project: Project, reading: BranchesReading) -> dict[str, Any]:
    """Newest commit first. A branch without a script directory has an `error`, and null for a verdict."""
    return {
        "format": FORMAT,
        "project": project.name,
        "onto": reading.onto,
        "commit": reading.commit,
        "heads": list(reading.heads),
        "left_out": reading.left_out,
        "branches": [_branch(project, branch) for branch in reading.branches],
    }


def _branch(project: Project, branch: Branch) -> dict[str, Any]:
    found = branch.judgement
    return {
        "name": branch.ref.name,
        "kind": branch.ref.kind.value,
        "commit": branch.ref.commit,
        "committed_at": rfc3339(branch.ref.committed_at),
        "error": branch.error or None,
        "verdict": found.verdict.value if found else None,
        "heads": list(found.heads) if found else [],
        "added": [{"revision": r.revision, "message": r.message} for r in found.added] if found else [],
        "lacking": found.lacking if found else 0,
        "heads_after_merge": list(found.heads_after_merge) if found else [],
        "merge_needed": bool(found and found.to_merge),
        "merge_commands": list(merge_commands(project, found.to_merge)) if found else [],
        "linearise": [
            {"revision": edit.record.revision, "path": edit.record.path, "down_revision": edit.down_revision}
            for edit in (found.reparentings if found else ())
        ],
        "conflicts": [asdict(conflict) for conflict in (found.conflicts if found else ())],
        "same_merges": [{"revision": own, "branch": other} for own, other in branch.rivals],
        "merge_needed_after": list(branch.colliding),
    }
