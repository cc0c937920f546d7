"""Renaming an environment in dashboard.toml (`formerly`) keeps what the dashboard remembers of it."""

from __future__ import annotations

from django.db import transaction

from dashboard.models import Acceptance, AppliedFile, Backup, DriftCheck, Observation, Plan, Run
from dashboard.sources.configuration import Configuration

_REMEMBERED = (Observation, Plan, Backup, Run, AppliedFile, Acceptance, DriftCheck)


def adopt_former_names(configuration: Configuration) -> tuple[str, ...]:
    """Gives what belongs to a former name to the environment that bears the new one. Returns what was renamed.

    An environment whose run is not settled waits until it is. Doing it twice changes nothing. Once there was a run under
    the new name, the former one's past is left alone: two pasts do not make one.
    """
    renamed = []
    for project in configuration.projects.values():
        for environment in project.environments.values():
            if environment.formerly and _adopt(project.name, environment.formerly, environment.name):
                renamed.append(f"{project.name}/{environment.formerly} -> {environment.name}")
    return tuple(renamed)


def _adopt(project: str, before: str, name: str) -> bool:
    with transaction.atomic():
        mine = {"project": project, "environment": name}
        theirs = {"project": project, "environment": before}
        has_past = any(model.objects.filter(**theirs).exists() for model in _REMEMBERED)
        if not has_past or Run.objects.filter(**theirs, phase__in=Run.LIVE).exists():
            return False
        if Run.objects.filter(**mine).exists() or Acceptance.objects.filter(**mine).exists():
            return False
        # The environment may have been observed under its new name first: what it had before is what counts.
        AppliedFile.objects.filter(**mine).delete()
        for model in _REMEMBERED:
            model.objects.filter(**theirs).update(environment=name)
        return True
