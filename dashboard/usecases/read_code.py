"""The code that an environment runs: the work tree, or a detached worktree at the commit of its `ref`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings

from dashboard.revisions.graph import RevisionGraph
from dashboard.sources.configuration import Environment, Project
from dashboard.sources.git_refs import RefRefused, resolve_ref
from dashboard.sources.git_state import CheckoutState, fetch, read_checkout_state
from dashboard.sources.worktrees import WorktreeError, check_out, remove_unused
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.read_history import ProjectHistory, read_history

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Code:
    """What an environment runs, for its page and for the gate."""

    ref: str
    """Empty: the work tree."""
    checkout: CheckoutState
    """Of the work tree around the project; without git all empty."""
    uncommitted_revisions: tuple[str, ...]
    """Files of the version locations that no commit holds as they are, relative to the project's directory."""


def read_environment_history(project: Project, environment: Environment, *, verify: bool = False) -> ProjectHistory:
    """The history that counts for the environment. Its `project` is where a child finds the very files that were read.

    `verify`: a worktree that somebody changed is made anew first; needed before a run, not for a page. Never raises: what
    keeps a `ref` from being read is the history's `error`.
    """
    if not environment.ref:
        return read_history(project)
    try:
        return read_history(_laid_out(project, environment.ref, verify=verify))
    except (RefRefused, WorktreeError) as error:
        return ProjectHistory(
            project, RevisionGraph(()), None, f"{environment.name} runs {environment.ref}: {error}", environment.ref
        )


def read_code(project: Project, environment: Environment) -> Code:
    """Asks git, twice; executes nothing of the project."""
    if not project.git:
        return Code(environment.ref, CheckoutState(), ())
    state = read_checkout_state(project.directory)
    return Code(environment.ref, state, () if environment.ref else _revisions_among(project, state.uncommitted))


def fetch_repositories(projects: Iterable[Project]) -> None:
    """`git fetch` for each, as `fetch_every` asks; a failure is logged, what is known stays as it is."""
    for project in projects:
        if not fetch(project.directory):
            logger.warning("git fetch failed for project %s; its refs stay as they are", project.name)


def prepare_worktrees() -> None:
    """In the observer: lays out what the environments' refs mean now, so that no page does, and removes what is long unused."""
    for project in configuration().projects.values():
        for environment in project.environments.values():
            if environment.ref:
                read_environment_history(project, environment)
    remove_unused(_cache_folder())


def _laid_out(project: Project, ref: str, *, verify: bool) -> Project:
    if not project.git:
        raise RefRefused(f"dashboard.toml says git = false for {project.name}, so no ref of it can be read.")
    commit = resolve_ref(project.directory, ref)
    folder = check_out(project.directory, commit, cache=_cache_folder(), verify=verify)
    config = folder / os.path.relpath(project.config, project.directory)
    return replace(project, directory=folder, config=Path(os.path.abspath(config)))  # noqa: PTH100  (links stay)


def _revisions_among(project: Project, files: tuple[str, ...]) -> tuple[str, ...]:
    reading = read_history(project).reading
    if reading is None:
        return ()
    folders = [os.path.relpath(location, project.directory) + "/" for location in reading.version_locations]
    return tuple(f for f in files if f.endswith(".py") and any(f.startswith(folder) for folder in folders))


def _cache_folder() -> Path:
    return Path(settings.DASHBOARD_DATA) / "worktrees"
