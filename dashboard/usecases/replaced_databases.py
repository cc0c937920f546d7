"""The databases that restores replaced and keep, and how an operator has one deleted."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.replacement import DeletionRefused, Names, delete_replaced, name_databases
from dashboard.models import Replacement, Run
from dashboard.sources.configuration import Environment, NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, resolve
from dashboard.usecases.scratch_places import name_installation

__all__ = [
    "DeletionRefused",
    "delete_replaced_now",
    "former_identities",
    "list_kept",
    "names_for",
    "request_deletion",
    "short_name",
]


def names_for(run: Run, environment: Environment) -> Names:
    """What the run calls the databases that it handles. Raises NotConfigured."""
    return name_databases(resolve(environment).target, run=run.pk, installation=name_installation())


def former_identities(project: str, environment: str) -> frozenset[str]:
    """Of the databases that restored ones have replaced here, and of those that took their place."""
    swapped = Replacement.objects.filter(
        run__project=project, run__environment=environment, swapped_at__isnull=False
    ).values_list("restored_identity", "run__confirmation__plan__identity")
    return frozenset(identity for pair in swapped for identity in pair)


def list_kept(project: str, environment: str) -> tuple[Replacement, ...]:
    """Those that are kept still, the newest first."""
    return tuple(
        Replacement.objects.filter(
            run__project=project, run__environment=environment, swapped_at__isnull=False, deleted_at=None
        )
    )


def request_deletion(*, user: AbstractBaseUser | AnonymousUser, run_id: int, typed: str) -> Replacement:
    """Queues the deletion of what a run replaced. `typed`: the kept database's name, or the file's.

    Raises Replacement.DoesNotExist, DeletionRefused, PermissionDenied.
    """
    from dashboard.tasks import delete_replaced as task

    operator = access.require(user, access.CONFIRM)
    kept = Replacement.objects.select_related("run").get(run_id=run_id, swapped_at__isnull=False)
    if kept.run.is_live:
        raise DeletionRefused(f"Run {run_id} has not settled. Wait until it has.")
    if typed.strip() != short_name(kept):
        raise DeletionRefused(f"The name typed is not {short_name(kept)}. Type it exactly.")
    with transaction.atomic():
        asked = Replacement.objects.filter(pk=kept.pk, deletion_requested_at=None, deleted_at=None).update(
            deletion_requested_at=timezone.now(), deletion_requested_by=operator, deletion_error=""
        )
        if not asked:
            raise DeletionRefused("Its deletion has been asked for already.")
        task.enqueue(kept.pk)
    return kept


def delete_replaced_now(*, replacement_id: int) -> None:
    """In a worker: deletes it if it carries our mark. Why it could not is told on its row, and it may be asked for anew."""
    kept = Replacement.objects.select_related("run").get(pk=replacement_id)
    if kept.deletion_requested_at is None or kept.deleted_at is not None:
        return
    try:
        _project, environment = find_environment(kept.run.project, kept.run.environment)
        names = names_for(kept.run, environment)
        if names.replaced.name != kept.replaced_name:
            raise DeletionRefused(f"{kept.run.environment} leads elsewhere now, so {short_name(kept)} is left alone.")
        delete_replaced(resolve(environment).target, names)
    except (UnknownName, NotConfigured) as error:
        _refuse(kept, str(error))
    except (DeletionRefused, DatabaseUnavailable) as error:
        _refuse(kept, masker_for(environment).mask(str(error)))
    else:
        Replacement.objects.filter(pk=kept.pk).update(deleted_at=timezone.now(), deletion_error="")


def short_name(kept: Replacement) -> str:
    """Without the folder of a file."""
    return kept.replaced_name.rpartition("/")[2]


def _refuse(kept: Replacement, words: str) -> None:
    Replacement.objects.filter(pk=kept.pk).update(deletion_requested_at=None, deletion_error=words)
