"""What to type so that a project gets a new revision file: Alembic's own commands, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from dashboard.sources.configuration import Project

NAMED_CHARACTERS = 100
"""Two heads with longer ids than this are not named in the usual message."""


def merge_command(project: Project, heads: Sequence[str], *, message: str = "", revision: str = "") -> str:
    """Without a message the usual one; `revision`: the id that the new file is to have."""
    words = [*_alembic(project), "merge", *_message(message or merge_message(heads))]
    return shlex.join([*words, *_option("--rev-id", revision), *heads])


def merge_message(heads: Sequence[str]) -> str:
    """The usual one."""
    named = f"merge {' and '.join(heads)}"
    return named if len(heads) == 2 and len(named) <= NAMED_CHARACTERS else f"merge {len(heads)} heads"


def autogenerate_command(
    project: Project, *, message: str, head: str = "", revision: str = "", version_path: str = ""
) -> str:
    """`alembic revision --autogenerate`; what is empty is left to Alembic."""
    words = [*_alembic(project), "revision", "--autogenerate", *_message(message), *_option("--head", head)]
    return shlex.join([*words, *_option("--rev-id", revision), *_option("--version-path", version_path)])


def _alembic(project: Project) -> list[str]:
    words = ["alembic"]
    config = project.config
    shown = str(config.relative_to(project.directory)) if config.is_relative_to(project.directory) else str(config)
    if shown not in {"alembic.ini", "pyproject.toml"}:
        words += ["-c", shown]
    if project.section != "alembic":
        words += ["-n", project.section]
    return words


def _message(message: str) -> list[str]:
    """One that begins with a hyphen would be read as an option."""
    return [f"--message={message}"] if message.startswith("-") else ["-m", message]


def _option(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if value else []
