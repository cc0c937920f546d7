"""manage.py status, history and plan, as a shell and as CI call them: real processes, documents, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.alembic_project import make_project
from tests.sources.repositories import commit_all, start_repository

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """`manage.py` in a folder of its own, with three SQLite environments of api/ at different revisions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("DASHBOARD_", "DJANGO_"))},
            "DASHBOARD_DATA": str(folder / "var"),
            "DASHBOARD_CONFIG": str(folder / "dashboard.toml"),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def document(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def alembic(self, environment: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments], cwd=self.folder / "api",
            env={**self.variables, "DATABASE_URL": f"sqlite:///{self.folder}/{environment}.db"},
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    shutil.copytree(ROOT / "api", folder / "api", ignore=shutil.ignore_patterns("*.db", "__pycache__"))
    names = ("development", "staging", "production")
    environments = "".join(f'[projects.api.environments.{n}]\nurl = "sqlite:///{n}.db"\n' for n in names)
    (folder / "dashboard.toml").write_text(f'[projects.api]\ndirectory = "api"\n{environments}')
    made = Shell(folder)
    for name, revision in zip(names, ("head", "4c80f2e6b9d7", "e3b8d4097c6a"), strict=True):
        made.alembic(name, "upgrade", revision)
    assert made.run("migrate", "--verbosity", "0").returncode == 0
    return made


def test_status_tells_one_current_and_two_pending_and_alembic_agrees(shell: Shell) -> None:
    document = shell.document("status", "--refresh")

    assert document["format"] == 1
    (project,) = document["projects"]
    assert set(project) == {"name", "commit", "heads", "effective_heads", "environments"}
    assert project["heads"] == project["effective_heads"] == ["87d1e0a4c36f"]
    development, staging, production = project["environments"]
    assert development["state"] == "current" and development["pending"] == []
    assert [p["revision"] for p in staging["pending"]] == ["da639b5c1f48", "87d1e0a4c36f"]
    assert [p["revision"] for p in production["pending"]] == [
        "29f6a1c7d84e", "b5e17d3f9a02", "4c80f2e6b9d7", "da639b5c1f48", "87d1e0a4c36f",
    ]  # fmt: skip
    assert production["current"] == ["e3b8d4097c6a"] and "e3b8d4097c6a" in shell.alembic("production", "current")
    assert production["observed_at"].endswith("Z") and production["reason"] is None
    assert set(production) == {
        "name", "state", "reason", "detail", "stale", "active_run", "current", "pending", "foreign", "observed_at", "drift",
    }  # fmt: skip


def test_status_check_fails_unless_all_are_current(shell: Shell) -> None:
    shell.run("status", "--refresh")

    assert shell.run("status", "--check").returncode == 1
    assert shell.run("status", "api", "development", "--check").returncode == 0


@pytest.mark.fault(82)
def test_status_check_fails_for_a_stale_observation(shell: Shell) -> None:
    text = (shell.folder / "dashboard.toml").read_text()
    shell.run("status", "--refresh")
    (shell.folder / "dashboard.toml").write_text(
        text.replace('development.db"', 'development.db"\nstale_after = "1ms"')
    )

    try:
        assert shell.run("status", "api", "development", "--check").returncode == 1
        assert shell.document("status", "api", "development")["projects"][0]["environments"][0]["stale"] is True
    finally:
        (shell.folder / "dashboard.toml").write_text(text)


def test_history_is_alembics_own(shell: Shell) -> None:
    document = shell.document("history", "api")

    by_alembic = [
        line.split(" -> ")[1].split()[0].rstrip(",")
        for line in shell.alembic("development", "history").splitlines()
        if " -> " in line
    ]
    assert [r["revision"] for r in document["revisions"]] == by_alembic
    assert document["heads"] == ["87d1e0a4c36f"] and document["problems"] == [] == document["unreadable"]
    assert document["merge_points"] == ["7ac25e18f6b0"] and document["branch_points"] == ["d08a6f3b7e21"]
    assert set(document["revisions"][0]) == {
        "revision", "down_revision", "depends_on", "branch_labels", "message", "create_date", "created_at", "path",
    }  # fmt: skip
    assert shell.run("history", "api", "--check").returncode == 0


def test_history_of_a_ref_is_read_without_touching_the_work_tree(shell: Shell, tmp_path: Path) -> None:
    project = make_project(tmp_path / "api")
    project.add_tables(1)
    start_repository(project.directory)
    commit = commit_all(project.directory)
    project.add_tables(2)
    (tmp_path / "dashboard.toml").write_text(
        '[projects.api]\ndirectory = "api"\n[projects.api.environments.a]\nurl = "sqlite:///a.db"\n'
    )
    here = Shell(tmp_path)

    document = here.document("history", "api", "--ref", "main")

    assert (document["ref"], document["commit"], document["heads"]) == ("main", commit, ["r1"])
    assert here.document("history", "api")["heads"] == ["r2"] and here.document("history", "api")["ref"] is None
    for ref in ("--ref=--output=x", "--ref=-h", "--ref=../../x", "--ref=", "--ref=nowhere"):
        done = here.run("history", "api", ref, "--json")
        assert done.returncode == 2 and "branch, tag or commit" in done.stderr and "Traceback" not in done.stderr
        assert done.stdout == ""


def test_plan_lists_the_steps_in_the_order_of_execution(shell: Shell) -> None:
    document = shell.document("plan", "api", "production", "--target", "+2")

    assert [s["revision"] for s in document["steps"]] == ["29f6a1c7d84e", "b5e17d3f9a02"]
    assert document["current"] == ["e3b8d4097c6a"] and document["target"] == ["b5e17d3f9a02"]
    assert document["direction"] == "upgrade" and len(document["fingerprint"]) == 64
    assert all(len(s["sha256"]) == 64 and (shell.folder / "api" / s["path"]).exists() for s in document["steps"])
    assert document["sql"] is None and document["findings"] == []


def test_plan_tells_findings_without_being_asked_for_the_sql(shell: Shell) -> None:
    (finding,) = shell.document("plan", "api", "production")["findings"]

    assert (finding["revision"], finding["rule"], finding["level"]) == ("4c80f2e6b9d7", "unique-index", "note")
    assert set(finding) == {"revision", "step", "rule", "level", "line", "message"}


def test_plan_with_sql_shows_exactly_that_range(shell: Shell) -> None:
    sql = shell.document("plan", "api", "staging", "--sql")["sql"]

    assert "Running upgrade 4c80f2e6b9d7 -> da639b5c1f48" in sql and "required_by" in sql
    assert "webhooks" not in sql


@pytest.mark.parametrize(
    ("arguments", "direction", "steps", "result"),
    [
        (("--downgrade", "--target", "-1"), "downgrade", ["87d1e0a4c36f"], ["da639b5c1f48"]),
        (("--downgrade", "--target=4c80"), "downgrade", ["87d1e0a4c36f", "da639b5c1f48"], ["4c80f2e6b9d7"]),
        (("--stamp", "--target", "4c80f2e6b9d7"), "stamp", ["4c80f2e6b9d7"], ["4c80f2e6b9d7"]),
    ],
)
def test_plan_goes_every_way(
    shell: Shell, arguments: tuple[str, ...], direction: str, steps: list[str], result: list[str]
) -> None:
    document = shell.document("plan", "api", "development", *arguments)

    assert (document["direction"], document["result"]) == (direction, result)
    assert [s["revision"] for s in document["steps"]] == steps
    assert {s["action"] for s in document["steps"]} == {direction}


def test_plan_of_a_downgrade_names_what_would_be_lost_and_says_where_it_is_not_allowed(shell: Shell) -> None:
    document = shell.document("plan", "api", "development", "--downgrade", "--target", "-1")
    printed = shell.run("plan", "api", "development", "--downgrade", "--target", "-1").stdout

    assert [(loss["table"], loss["column"]) for loss in document["losses"]] == [
        ("orders", "priority"),
        ("orders", "required_by"),
    ]
    assert "1. revert 87d1e0a4c36f" in printed and "The data of orders.priority would go" in printed
    assert "Afterwards the version table holds da639b5c1f48." in printed
    assert "development does not allow downgrade." in printed


def test_plan_check_fails_while_there_is_something_to_apply(shell: Shell) -> None:
    assert shell.run("plan", "api", "staging", "--check").returncode == 1
    assert shell.run("plan", "api", "development", "--check").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("status", "apy"), 'Did you mean "api"'),
        (("plan", "api", "stagin"), 'Did you mean "staging"'),
        (("plan", "api", "staging", "--target", "nope"), "nope"),
        (("plan", "api", "staging", "--downgrade"), "Name where to go back to"),
        (("plan", "api", "staging", "--stamp"), "Name the revision to stamp with"),
        (("plan", "api", "staging", "--downgrade", "--stamp"), "not allowed with"),
        (("history", "other"), "There is no project"),
    ],
)
def test_what_does_not_exist_is_said_without_a_traceback(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    done = shell.run(*arguments)

    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.fault(71)
@pytest.mark.fault(72)
@pytest.mark.parametrize(
    ("toml", "messages"),
    [
        (None, ["dashboard.toml", "[projects."]),
        ("", ["[projects."]),
        ('[projects.api]\ndirectory = "api"\n', ["environment"]),
        (
            '[projects.api]\ndirectory = "api"\nsectoin = "x"\n[projects.api.environments.a]\nurl = "sqlite:///a.db"\n'
            'requires = ["zz"]\n[projects.api.environments.b]\nurl = "sqlite:///a.db"\nstale_after = 5\n',
            ["sectoin", "section", "zz", "stale_after"],
        ),
    ],
)
def test_a_bad_configuration_is_told_all_at_once(
    shell: Shell, tmp_path: Path, toml: str | None, messages: list[str]
) -> None:
    path = tmp_path / "dashboard.toml"
    if toml is not None:
        path.write_text(toml)
        shutil.copytree(shell.folder / "api", tmp_path / "api")
    bad = Shell(tmp_path)
    for command in ("status", "doctor"):
        done = bad.run(command)

        assert done.returncode == 2, done.stdout
        assert "Traceback" not in done.stderr
        assert all(message in done.stderr for message in messages), done.stderr


@pytest.mark.fault(73)
def test_an_interpreter_that_is_missing_or_lacks_alembic_is_told(shell: Shell, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    text = (shell.folder / "dashboard.toml").read_text()
    shell_here = Shell(tmp_path)
    shutil.copytree(shell.folder / "api", tmp_path / "api")
    for python, message in ((tmp_path / "none", "does not exist"), (bare / "bin" / "python", "has no alembic")):
        (tmp_path / "dashboard.toml").write_text(
            text.replace('directory = "api"', f'directory = "api"\npython = "{python}"')
        )

        done = shell_here.run("check")

        assert done.returncode == 1
        assert message in done.stderr and "projects.api.python" in done.stderr


def test_doctor_finds_all_well_and_says_what_env_py_uses(shell: Shell) -> None:
    done = shell.run("doctor")

    assert done.returncode == 0, done.stdout
    assert "env.py uses the version table alembic_version" in done.stdout
    assert "18 revisions read" in done.stdout


def test_before_migrate_doctor_says_so_and_looks_at_the_rest(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shell.variables, "DASHBOARD_DATA", str(shell.folder / "new"))

    done = shell.run("doctor")

    assert (done.returncode, done.stderr) == (1, "")
    assert "MEND storage: manage.py migrate has not been run." in done.stdout
    assert "1 project." in done.stdout and "ok   api/production: SQLite" in done.stdout
    assert "env.py uses the version table alembic_version" in done.stdout


def test_doctor_tells_migrations_of_our_own_that_wait(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shell.variables, "DASHBOARD_DATA", str(shell.folder / "old"))
    assert shell.run("migrate", "dashboard", "0002", "--verbosity", "0").returncode == 0

    done = shell.run("doctor")

    assert done.returncode == 1 and "of our own migrations are not applied yet." in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--refresh"),
        ("plan", "api", "staging"),
        ("compare", "api", "env:staging", "heads"),
        ("drift", "api", "staging"),
    ],
)
def test_before_migrate_a_command_that_needs_the_storage_says_what_to_run(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setitem(shell.variables, "DASHBOARD_DATA", str(shell.folder / "new"))

    done = shell.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Run: manage.py migrate" in done.stderr and "Traceback" not in done.stderr


def test_doctor_tells_another_version_table(shell: Shell) -> None:
    text = (shell.folder / "dashboard.toml").read_text()
    (shell.folder / "dashboard.toml").write_text(
        text.replace('directory = "api"', 'directory = "api"\nversion_table = "own"')
    )
    try:
        done = shell.run("doctor")
    finally:
        (shell.folder / "dashboard.toml").write_text(text)

    assert done.returncode == 1
    assert "env.py says version_table=alembic_version, dashboard.toml says own" in done.stdout
