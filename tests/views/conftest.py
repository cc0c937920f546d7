"""A site with two environments on SQLite, and a signed-in client for each role."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.models import Backup, Plan, Run
from dashboard.usecases.confirm_plan import confirm_plan
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.plan_change import plan_change
from dashboard.usecases.preview_plan import preview_plan
from dashboard.usecases.review_plan import review_plan
from dashboard.usecases.take_backup import request_backup, take_backup_now
from tests.alembic_project import AlembicProject, make_project
from tests.usecases.site import make_person

SignIn = Callable[[str], Client]


@dataclass
class ViewedSite:
    """Project `api` with r1, r2, r3: staging is at r3, production at r1."""

    folder: Path
    project: AlembicProject
    operator: User

    def configure(self, production: str = "") -> None:
        """Writes dashboard.toml; `production` are lines of that environment."""
        (self.folder / "dashboard.toml").write_text(
            f'[projects.api]\ntitle = "The API"\ndirectory = "{self.project.directory}"\npython = "{sys.executable}"\n'
            f'[projects.api.environments.staging]\nurl = "sqlite:///staging.db"\n'
            f'[projects.api.environments.production]\nurl = "sqlite:///production.db"\n{production}\n'
        )

    def set_rows(self, environment: str, *rows: str) -> None:
        """Puts a database at these revisions, as somebody else could."""
        connection = sqlite3.connect(self.folder / f"{environment}.db")
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(200) PRIMARY KEY)")
            connection.execute("DELETE FROM alembic_version")
            connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
        connection.close()

    def observe(self) -> None:
        """Reads both databases now."""
        observe_environments()

    def plan(self) -> Plan:
        """Of production."""
        self.observe()
        return plan_change(user=self.operator, project="api", environment="production")

    def back_up(self) -> Backup:
        """Asks for a backup of production and takes it as the worker would, who then has written the plan's SQL, too."""
        backup = request_backup(user=self.operator, project="api", environment="production")
        take_backup_now(backup_id=backup.pk)
        for plan in Plan.objects.filter(preview=None):
            preview_plan(plan_id=plan.pk)
        backup.refresh_from_db()
        return backup

    def confirm(self) -> Run:
        """Plan, backup and confirmation; the run stays queued."""
        plan = self.plan()
        self.back_up()
        token = review_plan(plan=plan, user=self.operator).token
        return confirm_plan(user=self.operator, token=token, typed="production")


@pytest.fixture
def site(tmp_path: Path, settings: Any, transactional_db: None) -> ViewedSite:
    """Read once already."""
    project = make_project(tmp_path / "project")
    project.add_tables(1, 2, 3)
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    found = ViewedSite(tmp_path, project, make_person("operator"))
    found.configure()
    found.set_rows("staging", "r3")
    found.set_rows("production", "r1")
    found.observe()
    return found


@pytest.fixture
def sign_in(site: ViewedSite) -> SignIn:
    """A client of a person with this role; `nobody` has an account and no role."""

    def client_of(role: str) -> Client:
        client = Client()
        user = User.objects.filter(username=role).first()
        if user is None:
            user = User.objects.create_user(role) if role == "nobody" else make_person(role)
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    """Sees."""
    return sign_in("lead")


@pytest.fixture
def developer(sign_in: SignIn) -> Client:
    """Also plans."""
    return sign_in("developer")


@pytest.fixture
def operator(sign_in: SignIn) -> Client:
    """Also backs up and confirms."""
    return sign_in("operator")


def text_of(response: Any) -> str:
    """The page as one line, blanks squeezed."""
    return " ".join(response.content.decode().split())
