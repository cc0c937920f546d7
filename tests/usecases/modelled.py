"""A site whose project has models, so that Alembic can compare them with the database."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import alembic
from django.contrib.auth.models import User

from dashboard.databases.database import Database
from dashboard.models import RevisionProposal
from dashboard.usecases.catalogue import configuration, open_database
from dashboard.usecases.prepare_proposal import prepare_proposal_now
from dashboard.usecases.propose_revision import propose_revision
from tests.usecases.conftest import ENV_URL
from tests.usecases.site import Site

MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
for name in ("t1", "t2", "t3"):
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text))
"""


def add_models(
    site: Site, more: str = "", *, extra: str = "", options: str = "", toml: str = "writable = true"
) -> None:
    """Writes models.py, an env.py that hands it to Alembic, and Alembic's own template; upgrades to the head."""
    (site.project.directory / "models.py").write_text(MODELS + textwrap.dedent(more))
    site.project.write_env(
        extra=f"{ENV_URL}\nfrom models import metadata\n{textwrap.dedent(extra)}",
        options=f"target_metadata=metadata, compare_server_default=True, {options}",
    )
    template = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"
    (site.project.directory / "alembic" / "script.py.mako").write_text(template.read_text())
    site.configure(project_extra=toml)
    site.alembic("upgrade", "heads")


def propose(
    site: Site, message: str = "follow the models", *, user: User | None = None, **asked: Any
) -> RevisionProposal:
    """Asks for one against production and prepares it as the worker would."""
    asked = {"kind": "autogenerate", "environment": "production", **asked}
    proposal = propose_revision(user=user or site.operator, project="api", message=message, **asked)
    prepare_proposal_now(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def propose_merge(site: Site, *heads: str, message: str = "merge both") -> RevisionProposal:
    """The same for a merge."""
    return propose(site, message, kind="merge", heads=heads)


def database_of(site: Site) -> Database:
    """To look at it without Alembic."""
    found = configuration().project("api")
    return open_database(found, found.environment("production"))


def versions(site: Site) -> list[str]:
    """Names of the files in the version location."""
    return sorted(path.name for path in (site.project.directory / "alembic" / "versions").iterdir() if path.is_file())
