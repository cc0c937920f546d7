"""`make run`'s set-up: accounts, and three databases at different revisions, made once."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import Settings

from dashboard.usecases.set_up_demo import ACCOUNTS, DemoRefused, set_up_demo

pytestmark = pytest.mark.django_db

ONE_ENVIRONMENT = """
[projects.api]
directory = "api"

[projects.api.environments.production]
url = "sqlite:///var/demo/production.db"
"""


def rows(database: Path) -> list[str]:
    connection = sqlite3.connect(database)
    try:
        return [row for (row,) in connection.execute("SELECT version_num FROM alembic_version")]
    finally:
        connection.close()


@pytest.fixture
def demo(tmp_path: Path, settings: Settings, repository_root: Path) -> Path:
    """A folder with a copy of api/ and the shipped dashboard.toml; returns where its databases go."""
    shutil.copytree(repository_root / "api", tmp_path / "api", ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    shutil.copy(repository_root / "dashboard.toml", tmp_path)
    settings.DASHBOARD_DEMO = True
    settings.DASHBOARD_DATA = tmp_path / "var"
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    return tmp_path / "var" / "demo"


def test_it_makes_three_databases_at_different_revisions_and_leaves_them_alone_afterwards(demo: Path) -> None:
    first = set_up_demo()
    made = {path.name: path.stat().st_mtime_ns for path in demo.iterdir()}

    second = set_up_demo()

    assert [database.made for database in first] == [True, True, True]
    assert [database.made for database in second] == [False, False, False]
    assert {path.name: path.stat().st_mtime_ns for path in demo.iterdir()} == made
    assert sorted(made) == ["development.db", "production.db", "staging.db"]
    assert len({row for path in demo.iterdir() for row in rows(path)}) == 3


def test_a_reset_puts_a_database_back_to_where_it_began(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "dashboard.toml").write_text(ONE_ENVIRONMENT)
    set_up_demo()
    began = rows(demo / "production.db")
    connection = sqlite3.connect(demo / "production.db")
    with connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()

    set_up_demo(reset=True)

    assert rows(demo / "production.db") == began


def test_a_database_outside_of_the_demo_folder_is_neither_made_nor_replaced(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "dashboard.toml").write_text(ONE_ENVIRONMENT.replace("var/demo", "precious"))
    precious = tmp_path / "precious" / "production.db"
    precious.parent.mkdir()
    precious.write_bytes(b"precious")

    made = set_up_demo(reset=True)

    assert made == ()
    assert precious.read_bytes() == b"precious"


def test_each_role_has_an_account_in_its_group_and_without_a_password(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "dashboard.toml").write_text(ONE_ENVIRONMENT.replace("projects.api", "projects.another"))

    set_up_demo()

    assert set(User.objects.values_list("username", flat=True)) == set(ACCOUNTS)
    for group in Group.objects.all():
        assert [user.username for user in group.user_set.all()] == [group.name]
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_it_refuses_outside_of_the_demo_mode(demo: Path, settings: Settings) -> None:
    settings.DASHBOARD_DEMO = False

    with pytest.raises(DemoRefused, match="DASHBOARD_DEMO=1"):
        set_up_demo()

    assert not demo.exists()
    assert not User.objects.exists()


def test_it_says_why_a_project_that_cannot_be_upgraded_cannot_be_shown(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "api" / "alembic" / "env.py").write_text("raise SystemExit('no such thing')")

    with pytest.raises(DemoRefused, match="no such thing"):
        set_up_demo()

    assert not list(demo.glob("*.db"))
