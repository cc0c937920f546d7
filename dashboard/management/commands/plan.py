"""manage.py plan: what an upgrade would apply, from the database as it is now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.management.reading import USAGE, ReadingCommand
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.child_work import preview_sql
from dashboard.usecases.documents import plan_document
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.plan_upgrade import compose_plan
from dashboard.usecases.read_status import reading_of


class Command(ReadingCommand):
    """Reads the database now; changes nothing."""

    help = "Lists the revisions that an upgrade would apply, in the order of execution."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        parser.add_argument("environment")
        parser.add_argument(
            "--target",
            action="append",
            default=[],
            metavar="REVISION",
            help="in Alembic's notation (id, unique prefix, label@head, +N); may repeat; default: the effective head",
        )
        parser.add_argument("--downgrade", action="store_true", help="plan the way back (not in this version)")
        parser.add_argument("--sql", action="store_true", help="with the SQL, from Alembic's offline mode in a child")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        if options["downgrade"]:
            raise CommandError("Downgrade plans are not in this version.", returncode=USAGE)
        project, environment = find_environment(options["project"], options["environment"])
        observation = observe_environments(project=project.name, environment=environment.name)[0]
        reading = reading_of(observation)
        assert reading is not None
        plan = compose_plan(project=project, environment=environment, reading=reading, targets=options["target"])
        sql = None
        if options["sql"]:
            sql = preview_sql(project=project, environment=environment, rows=plan.current, target=plan.target)
        lines = [f"{number}. {s.revision} {s.message}  {s.path}" for number, s in enumerate(plan.steps, start=1)]
        lines = lines or [f"{environment.name} is up to date."]
        if sql is not None:
            lines += ["", *sql.splitlines()]
        return plan_document(plan, observed_at=observation.observed_at, sql=sql), lines, not plan.steps
