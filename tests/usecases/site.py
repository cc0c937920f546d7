"""A whole installation for one test: a project, its dashboard.toml, a database, and a person for each role."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User

from dashboard.models import Backup, Plan, Run
from dashboard.revisions.plan import Direction
from dashboard.usecases.accept_finding import accept_findings
from dashboard.usecases.confirm_plan import confirm_plan
from dashboard.usecases.count_losses import count_losses
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.plan_change import plan_change
from dashboard.usecases.preview_plan import preview_plan
from dashboard.usecases.review_plan import PlanReview, review_plan
from dashboard.usecases.take_backup import request_backup, take_backup_now
from tests.alembic_project import AlembicProject


@dataclass
class Site:
    """Environment `production` of project `api`. Queued work is done by calling what the worker's task calls."""

    folder: Path
    project: AlembicProject
    url: str
    dialect: str
    operator: User
    database: Any
    """Connects to the environment's database: a function that returns a DB-API connection with autocommit."""

    def configure(self, extra: str = "", project_extra: str = "") -> None:
        """Writes dashboard.toml; `extra` are lines of the environment."""
        (self.folder / "dashboard.toml").write_text(
            f'[projects.api]\ndirectory = "{self.project.directory}"\npython = "{sys.executable}"\n{project_extra}\n'
            f'[projects.api.environments.production]\nurl = {{ env = "TEST_URL" }}\n{extra}\n'
        )

    def alembic(self, *arguments: str) -> str:
        """Alembic's own command line, by hand; its output."""
        return run_alembic(self.project, self.url, *arguments)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the environment's database."""
        connection = self.database()
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def rows(self) -> list[str]:
        """The version table."""
        return sorted(row[0] for row in self.query("SELECT version_num FROM alembic_version"))

    def observe(self) -> None:
        """Reads the environment now."""
        observe_environments()

    def plan(self, *targets: str, direction: Direction = Direction.UPGRADE) -> Plan:
        """Observes, plans, and counts what would be lost as the worker would."""
        self.observe()
        plan = plan_change(
            user=self.operator, project="api", environment="production", direction=direction, targets=targets
        )
        count_losses(plan_id=plan.pk)
        plan.refresh_from_db()
        return plan

    def back_up(self) -> Backup:
        """Asks for a backup and takes it as the worker would."""
        backup = request_backup(user=self.operator, project="api", environment="production")
        take_backup_now(backup_id=backup.pk)
        backup.refresh_from_db()
        return backup

    def back_up_now(self) -> Backup:
        """The same of whatever the environment holds at this moment."""
        self.observe()
        return self.back_up()

    def review(self, plan: Plan) -> PlanReview:
        """The gate as the operator's page shows it, once the worker has written the plan's SQL."""
        preview_plan(plan_id=plan.pk)
        return review_plan(plan=plan, user=self.operator)

    def confirm(self, plan: Plan) -> Run:
        """The operator types the name and clicks."""
        return confirm_plan(user=self.operator, token=self.review(plan).token, typed="production")

    def accept(self, plan: Plan) -> None:
        """The operator accepts every finding."""
        preview_plan(plan_id=plan.pk)
        findings = [finding.pk for finding in plan.preview.findings.all()]
        if findings:
            accept_findings(
                user=self.operator,
                project="api",
                environment="production",
                plan=plan.pk,
                findings=findings,
                reason="ok",
            )

    def execute(self, run: Run) -> Run:
        """What a worker does with it."""
        execute_run(run_id=run.pk)
        run.refresh_from_db()
        return run

    def upgrade(self, *targets: str) -> Run:
        """Plan, backup, confirmation and run in one go."""
        return self.go(Direction.UPGRADE, *targets)

    def go(self, direction: Direction, *targets: str) -> Run:
        """The same in any direction."""
        plan = self.plan(*targets, direction=direction)
        self.back_up()
        self.accept(plan)
        return self.execute(self.confirm(plan))


def run_alembic(project: AlembicProject, url: str, *arguments: str) -> str:
    """Alembic's own command line in a project, on the database at `url`; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", "by-hand", *arguments],
        cwd=project.directory, env={**os.environ, "DATABASE_URL": url, "SITE_URL": url},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_person(role: str, name: str = "") -> User:
    """A user with one role."""
    user = User.objects.create_user(name or role, password=role)
    user.groups.add(Group.objects.get(name=role))
    return user
