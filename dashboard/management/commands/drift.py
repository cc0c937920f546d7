"""manage.py drift: compares a database's schema with what its revisions and the models say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.management.reading import USAGE, ReadingCommand
from dashboard.models import DriftCheck
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.difference_words import say_difference
from dashboard.usecases.drift_document import drift_document
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.read_drift import SIDES, Drift
from dashboard.usecases.read_status import read_statuses
from dashboard.usecases.request_drift import DriftCheckRefused, compare_now


class Command(ReadingCommand):
    """Compares now, writes nothing to the database. `--check` fails unless every comparison was made and found nothing."""

    help = "Compares a database's schema with the revisions that it holds and with the models."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        parser.add_argument("environment")
        parser.add_argument("--kind", choices=DriftCheck.Kind.values, help="only this comparison")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        project, environment = find_environment(options["project"], options["environment"])
        kinds = [kind for kind in DriftCheck.Kind if options["kind"] in {None, kind.value}]
        observe_environments(project=project.name, environment=environment.name)
        try:
            compare_now(project=project.name, environment=environment.name, kinds=kinds)
        except DriftCheckRefused as error:
            raise CommandError(str(error), returncode=USAGE) from None
        ((status,),) = (p.environments for p in read_statuses(project=project.name, environment=environment.name))
        drifts = tuple(drift for drift in status.drift if drift.kind in kinds)
        is_well = all(d.newest.state == DriftCheck.State.DONE and d.number == 0 for d in drifts)
        return drift_document(project.name, environment.name, drifts), list(_lines(drifts)), is_well


def _lines(drifts: tuple[Drift, ...]) -> Iterator[str]:
    for drift in drifts:
        name = f"{drift.kind.label.capitalize()}:"
        if drift.newest.state != DriftCheck.State.DONE:
            yield f"{name} {drift.newest.get_state_display()}. {drift.newest.error}"
            continue
        number = drift.newest.number
        yield f"{name} {number or 'no'} difference{'' if number == 1 else 's'} at {', '.join(drift.newest.rows)}."
        for difference in drift.differences:
            yield f"  {say_difference(difference, SIDES[drift.kind])}"
            yield from (f"      {line}" for line in difference.repair.splitlines())
