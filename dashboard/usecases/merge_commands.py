"""What to type so that the heads of a merged tree become right again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from dashboard.sources.configuration import Project


def merge_commands(project: Project, to_merge: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One `alembic merge` a group of heads, to be run in the project's directory on a branch that has both sides."""
    return tuple(_command(project, heads) for heads in to_merge if len(heads) > 1)


def _command(project: Project, heads: Sequence[str]) -> str:
    words = ["alembic"]
    config = project.config
    shown = str(config.relative_to(project.directory)) if config.is_relative_to(project.directory) else str(config)
    if shown not in {"alembic.ini", "pyproject.toml"}:
        words += ["-c", shown]
    if project.section != "alembic":
        words += ["-n", project.section]
    message = f"merge {' and '.join(heads)}" if len(heads) == 2 else f"merge {len(heads)} heads"
    return shlex.join([*words, "merge", "-m", message, *heads])
