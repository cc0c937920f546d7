"""What a project has that can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.sources.configuration import Project
from dashboard.sources.git_refs import RefKind, default_branch, list_refs

REFS_OFFERED = 200
"""The ones with the newest commits; any other can be named."""


@dataclass(frozen=True, slots=True)
class SidesOffered:
    """Names of refs, newest commit first, and the sides with which to begin."""

    branches: tuple[str, ...]
    tags: tuple[str, ...]
    usual_left: str
    """The repository's main branch; outside of git the first environment."""
    usual_right: str = "heads"


def offer_sides(project: Project) -> SidesOffered:
    """Asks git, where the project is read from it."""
    refs = list_refs(project.directory)[:REFS_OFFERED] if project.git else ()
    main = default_branch(project.directory) if project.git else ""
    first = next((f"env:{name}" for name in project.environments), "heads")
    return SidesOffered(
        branches=tuple(ref.name for ref in refs if ref.kind is not RefKind.TAG),
        tags=tuple(ref.name for ref in refs if ref.kind is RefKind.TAG),
        usual_left=f"ref:{main}" if main else first,
    )
