"""manage.py plan: what a run would do, from the database as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from dashboard.database_target import Dialect
from dashboard.management.reading import ReadingCommand
from dashboard.revisions.plan import Action, Direction, PlanContent
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.child_work import ChildFailed
from dashboard.usecases.compose_plan import compose_plan
from dashboard.usecases.documents import plan_document
from dashboard.usecases.examine_steps import Examination
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.plan_change import examine
from dashboard.usecases.preview_plan import SqlReading, read_sql
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_status import reading_of

VERBS = {Action.UPGRADE: "apply", Action.DOWNGRADE: "revert", Action.STAMP: "stamp"}


class Command(ReadingCommand):
    """Reads the database now; changes nothing."""

    help = "Lists the revisions that a run would apply or revert, in the order of execution."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        parser.add_argument("environment")
        parser.add_argument(
            "--target",
            action="append",
            default=[],
            metavar="REVISION",
            help="in Alembic's notation (id, unique prefix, label@head, head, heads, +N, -N, base); may repeat; "
            "default: the effective head",
        )
        direction = parser.add_mutually_exclusive_group()
        for name, words in (
            (Direction.DOWNGRADE, "plan the way back to --target"),
            (Direction.STAMP, "plan to write --target into the version table without running a revision"),
            (Direction.START_FRESH, "plan to downgrade to base, then to upgrade"),
            (Direction.RESTORE, "plan to go back to the backup whose number is --target"),
        ):
            flag = f"--{name.replace('_', '-')}"
            direction.add_argument(flag, dest="direction", action="store_const", const=name, help=words)
        parser.set_defaults(direction=Direction.UPGRADE)
        parser.add_argument("--sql", action="store_true", help="with the SQL, from Alembic's offline mode in a child")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        project, environment = find_environment(options["project"], options["environment"])
        observation = observe_environments(project=project.name, environment=environment.name)[0]
        reading = reading_of(observation)
        assert reading is not None
        history = read_environment_history(project, environment)
        plan = compose_plan(
            project=project,
            environment=environment,
            reading=reading,
            direction=options["direction"],
            requested=options["target"],
            history=history,
        )
        examination = examine(history, plan)
        sql, unknown = _read_sql(project, environment, plan, needed=options["sql"])
        document = plan_document(
            plan, examination, observed_at=observation.observed_at, reading=sql, with_sql=options["sql"]
        )
        lines = list(_lines(plan, examination))
        if plan.direction not in environment.allow:
            lines.append(f"{environment.name} does not allow {plan.direction.replace('_', ' ')}.")
        lines += [f"{f['revision']}, {f['level']}: {f['message']} ({f['rule']})" for f in document["findings"] or ()]
        lines += [unknown] if unknown else []
        if document["sql"] is not None:
            lines += ["", *document["sql"].splitlines()]
        return document, lines, not plan.steps


def _read_sql(
    project: Project, environment: Environment, plan: PlanContent, *, needed: bool
) -> tuple[SqlReading | None, str]:
    """The SQL, and why it is not known. Where it was not asked for, what keeps it from being written is no failure."""
    if not plan.steps:
        return SqlReading(Dialect.POSTGRESQL, (), ()), ""
    try:
        return read_sql(project=project, environment=environment, plan=plan), ""
    except ChildFailed as error:
        if needed:
            raise
        return None, f"Its SQL is not known, so there are no findings. {error}"


def _lines(plan: PlanContent, examination: Examination) -> Iterator[str]:
    mixed = plan.direction is not Direction.UPGRADE
    for number, step in enumerate(plan.steps, start=1):
        yield f"{number}. {f'{VERBS[step.action]} ' if mixed else ''}{step.revision} {step.message}  {step.path}"
    if not plan.steps:
        held = ", ".join(plan.current) or "no revision"
        yield f"{plan.environment} is up to date." if not mixed else f"{plan.environment} holds {held}."
    if mixed:
        yield f"Afterwards the version table holds {', '.join(plan.result) or 'no revision'}."
    for loss in examination.losses:
        yield f"The data of {'.'.join(filter(None, loss.place))} would go (revision {loss.revision})."
    for caution in examination.cautions:
        yield f"{caution.path}, line {caution.line}: {caution.text}"
