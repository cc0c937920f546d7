"""Where an environment's backups may be restored, in whose name, and which of the copies are still needed."""

from __future__ import annotations

import os

from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard.database_target import Dialect
from dashboard.databases.scratch import Marker, ScratchPlace, make_marker
from dashboard.models import HEARTBEAT_LOST_AFTER, DriftCheck, Proof, Rehearsal
from dashboard.sources.configuration import Environment
from dashboard.usecases.catalogue import resolve
from dashboard.usecases.follow_work import name_owner


def find_place(environment: Environment) -> ScratchPlace:
    """The configured server, for SQLite the folder of its backups. Neither: there is none. Raises NotConfigured."""
    if resolve(environment).target.dialect is Dialect.SQLITE:
        return ScratchPlace(folder=environment.backup.directory)
    server = environment.resolve_scratch(os.environ)
    return ScratchPlace(server=server, space=environment.scratch.space if environment.scratch else None)


def name_installation() -> str:
    """16 hexadecimal digits that all processes of this dashboard share, and no other dashboard has."""
    return salted_hmac("dashboard.scratch", "installation", algorithm="sha256").hexdigest()[:16]


def mark_for(work: Proof | Rehearsal | DriftCheck) -> Marker:
    """For the scratch database of one proof, rehearsal or comparison."""
    return make_marker(name_installation(), name_owner(work), timezone.now())


def is_owner_alive(owner: str) -> bool:
    """Whether the work that a scratch database was made for goes on. What is not understood is left alone."""
    kind, _, number = owner.partition(":")
    model = _OWNERS.get(kind)
    if model is None:
        return True
    return model.objects.filter(
        pk=int(number), state__in=model.LIVE, heartbeat_at__gt=timezone.now() - HEARTBEAT_LOST_AFTER
    ).exists()


_OWNERS: dict[str, type[Proof] | type[Rehearsal] | type[DriftCheck]] = {
    "proof": Proof,
    "rehearsal": Rehearsal,
    "driftcheck": DriftCheck,
}
