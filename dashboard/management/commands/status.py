"""manage.py status: the state of every environment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dashboard.management.reading import ReadingCommand
from dashboard.revisions.status import State
from dashboard.usecases.documents import status_document
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.read_status import EnvironmentStatus, read_statuses


class Command(ReadingCommand):
    """Shows the latest observations; `--refresh` reads the databases first."""

    help = "Shows the state, current revision and pending revisions of every environment."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project", nargs="?")
        parser.add_argument("environment", nargs="?")
        parser.add_argument("--refresh", action="store_true", help="read the databases now")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        chosen = {"project": options["project"], "environment": options["environment"]}
        if options["refresh"]:
            observe_environments(**chosen)
        projects = read_statuses(**chosen)
        environments = [environment for project in projects for environment in project.environments]
        is_well = all(e.status.state is State.CURRENT and not e.stale for e in environments)
        return status_document(projects), [_line(e) for e in environments], is_well


def _line(found: EnvironmentStatus) -> str:
    status = found.status
    word = status.state.value.replace("_", " ") + (f" ({status.reason.value})" if status.reason else "")
    if status.state is State.PENDING:
        word = f"pending {len(status.pending)}"
    seen = f"{found.observation.observed_at:%Y-%m-%d %H:%M:%S %Z}" if found.observation else "never read"
    name = f"{found.environment.project}/{found.environment.name}"
    parts = [f"{name:32} {word:24} {', '.join(status.current) or '-':24} {seen}{' stale' if found.stale else ''}"]
    parts += [status.detail] if status.detail else []
    return "  ".join(parts)
