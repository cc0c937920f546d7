"""An Alembic project in a real git repository, with branches to compare."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.alembic_project import make_project
from tests.sources.repositories import commit_all, git, start_repository

FILE = '''\
"""{message}"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {needs!r}


def upgrade():
    {body}


def downgrade():
    pass
'''


@dataclass
class BranchedProject:
    """Project `api` of a dashboard.toml beside it. Every change is committed on the branch that is checked out."""

    folder: Path
    extra: str = ""
    """Lines of the project in dashboard.toml."""
    commits: list[str] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        """The project's, and the repository's."""
        return self.folder / "project"

    def start(self) -> BranchedProject:
        """The repository with an empty history, on main."""
        make_project(self.directory)
        start_repository(self.directory)
        self.configure(self.extra)
        self.commit("start")
        return self

    def configure(self, extra: str = "") -> None:
        """Writes dashboard.toml."""
        (self.folder / "dashboard.toml").write_text(
            f'[projects.api]\ndirectory = "{self.directory}"\npython = "{sys.executable}"\n{extra}\n'
            f'[projects.api.environments.staging]\nurl = "sqlite:///staging.db"\n'
            f'[projects.api.environments.production]\nurl = "sqlite:///production.db"\n'
        )

    def path(self, revision: str) -> Path:
        """Of a revision's file."""
        return self.directory / "alembic" / "versions" / f"{revision}.py"

    def write(
        self,
        revision: str,
        *down: str,
        message: str = "",
        body: str = "pass",
        label: str = "",
        needs: str | None = None,
        name: str = "",
    ) -> None:
        """A revision file, not committed."""
        self.path(name or revision).write_text(
            FILE.format(
                message=message or f"make {revision}",
                revision=revision,
                down=down if len(down) > 1 else (down[0] if down else None),
                labels=(label,) if label else None,
                needs=needs,
                body=body,
            )
        )

    def add(self, revision: str, *down: str, **how: str) -> str:
        """A revision, committed; the commit's id."""
        self.write(revision, *down, **how)
        return self.commit(f"add {revision}")

    def delete(self, revision: str) -> str:
        """A revision's file is gone, and that is committed."""
        self.path(revision).unlink()
        return self.commit(f"delete {revision}")

    def commit(self, message: str = "change") -> str:
        """Everything; the commit's id."""
        return commit_all(self.directory, message)

    def branch(self, name: str, *, at: str = "main") -> None:
        """A new branch, checked out."""
        self.git("checkout", "--quiet", "-b", name, at)

    def checkout(self, name: str) -> None:
        """An existing branch."""
        self.git("checkout", "--quiet", name)

    def merge(self, *names: str) -> None:
        """Merges branches in git; conflicts are not expected."""
        self.git("merge", "--quiet", "--no-edit", "--no-ff", *names)

    def git(self, *arguments: str) -> str:
        """Any git command."""
        return git(self.directory, *arguments)
