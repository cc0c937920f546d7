"""What to type so that the heads of a merged tree become right again."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.sources.configuration import Project
from dashboard.usecases.alembic_commands import merge_command


def merge_commands(project: Project, to_merge: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One `alembic merge` a group of heads, to be run in the project's directory on a branch that has both sides."""
    return tuple(merge_command(project, heads) for heads in to_merge if len(heads) > 1)
