"""Where one project's script directory is, as the reader needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProjectSource:
    """What dashboard.toml says about one script directory. Paths are absolute; nothing here was read yet."""

    directory: Path
    """The project's directory: where its child processes run, and what shown paths are relative to."""
    config: Path
    """alembic.ini, another ini file, or pyproject.toml."""
    section: str = "alembic"
    """The ini section, as `alembic -n`; pyproject.toml knows only [tool.alembic]."""
    script_location: str = ""
    """Replaces the configuration's own where not empty."""
    version_locations: tuple[str, ...] = ()
    """Replace the configuration's own where not empty: projects that set them in env.py."""
    git: bool = True
    """Whether the commit of the directory is looked up."""
