"""A copy of api/ with an empty database of each kind, and the real `alembic` in a child process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.postgresql import Server

STEPS = Path(__file__).with_name("step_program.py")


@dataclass(frozen=True)
class ApiProject:
    """One copy of api/ and the variables that point it at its database."""

    directory: Path
    variables: dict[str, str]

    def python(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Python in the project's folder with nothing of our own environment; `more` are further variables."""
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **self.variables, **more}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def alembic(self, *arguments: str, **more: str) -> str:
        """Standard output of `alembic ...`, which must succeed."""
        done = self.python("-m", "alembic", *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def steps(self, *commands: list[str]) -> list[dict[str, Any]]:
        """The schema after each of the commands, all run in one process: starting a process a step is slow."""
        done = self.python(str(STEPS), json.dumps(commands))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def revision_files(self) -> set[Path]:
        return set((self.directory / "alembic" / "versions").glob("*.py"))


def copy_project(destination: Path, variables: dict[str, str]) -> ApiProject:
    source = Path(__file__).resolve().parents[2] / "api"
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    return ApiProject(destination, variables)


@pytest.fixture
def sqlite_project(tmp_path: Path) -> ApiProject:
    """With nothing set: the database is the SQLite file of the project."""
    return copy_project(tmp_path / "api", {})


@pytest.fixture
def postgres_project(tmp_path: Path, postgres_server: Server, postgres_database: str) -> ApiProject:
    """By the five variables, with a password that breaks careless quoting."""
    return copy_project(tmp_path / "api", postgres_server.variables(postgres_database))


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest) -> ApiProject:
    """Every test that asks for this runs on both databases."""
    name = "sqlite_project" if request.param == "sqlite" else "postgres_project"
    found: ApiProject = request.getfixturevalue(name)
    return found
