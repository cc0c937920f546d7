"""New revision files: proposed by a child that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.models import HEARTBEAT_LOST_AFTER, RevisionProposal
from dashboard.usecases.prepare_proposal import end_lost_proposals
from dashboard.usecases.propose_revision import ProposalRefused, check_message, propose_revision
from tests.usecases.modelled import add_models, database_of, propose, propose_merge, versions
from tests.usecases.site import Site, make_person

State = RevisionProposal.State
CHANGED_MODELS = """
metadata.tables["t1"].append_column(sa.Column("y", sa.Integer, server_default="7"))
sa.Index("ix_t2_x", metadata.tables["t2"].c.x)
"""


def state_of(site: Site) -> tuple[list[str], str, list[str]]:
    """What a proposal must leave as it was."""
    return site.rows(), database_of(site).schema_digest(timeout=10), versions(site)


def operations(proposal: RevisionProposal) -> set[tuple[str, str, str]]:
    return {(d["operation"], d["table"], d["name"]) for d in proposal.differences}


def test_autogenerate_tells_what_models_and_database_differ_in_and_changes_nothing(site: Site) -> None:
    add_models(site, CHANGED_MODELS)
    site.query("CREATE TABLE extra (id integer primary key)")
    site.query("ALTER TABLE t3 ADD COLUMN odd text")
    before = state_of(site)

    proposal = propose(site)

    assert proposal.state == State.READY, proposal.error
    assert operations(proposal) == {
        ("add_column", "t1", "y"), ("create_index", "t2", "ix_t2_x"), ("drop_table", "extra", ""), ("drop_column", "t3", "odd"),
    }  # fmt: skip
    assert "down_revision: Union[str, Sequence[str], None] = 'r3'" in proposal.content
    assert "op.drop_table('extra')" in proposal.content
    assert proposal.path.startswith("alembic/versions/") and proposal.path.endswith("_follow_the_models.py")
    assert "DROP TABLE extra" in "".join(piece["text"] for piece in proposal.sql["pieces"])
    assert "destructive" in {finding["level"] for finding in proposal.sql["findings"]}
    assert state_of(site) == before


def test_a_changed_default_is_told_with_both_values(site: Site) -> None:
    add_models(site, 'metadata.tables["t1"].c.x.server_default = sa.DefaultClause("new")')
    site.query("DROP TABLE t1")
    site.query("CREATE TABLE t1 (id integer NOT NULL PRIMARY KEY, x text DEFAULT 'old')")

    (difference,) = propose(site).differences

    assert difference["operation"] == "alter_column"
    (change,) = difference["changes"]
    assert change["what"] == "default"
    assert ("old" in change["before"], change["after"]) == (True, "new")


def test_where_nothing_differs_there_is_no_file(site: Site) -> None:
    add_models(site)

    proposal = propose(site)

    assert (proposal.state, proposal.content, proposal.differences) == (State.UNCHANGED, "", [])


def test_on_an_empty_database_nothing_is_created(site: Site) -> None:
    add_models(site)
    site.alembic("downgrade", "base")
    site.query("DROP TABLE alembic_version")
    before = database_of(site).schema_digest(timeout=10)

    proposal = propose(site)

    assert proposal.state == State.FAILED
    assert "not up to date: r1, r2, r3 are pending" in proposal.error
    assert database_of(site).schema_digest(timeout=10) == before


def test_the_first_revision_of_a_project_can_be_made(sqlite_site: Site) -> None:
    add_models(sqlite_site)
    sqlite_site.alembic("downgrade", "base")
    for name in versions(sqlite_site):
        (sqlite_site.project.directory / "alembic" / "versions" / name).unlink()

    proposal = propose(sqlite_site, "begin")

    assert proposal.state == State.READY, proposal.error
    assert proposal.heads == []
    assert "down_revision: Union[str, Sequence[str], None] = None" in proposal.content


def test_a_missing_sqlite_file_is_not_made(sqlite_site: Site) -> None:
    add_models(sqlite_site)
    path = sqlite_site.folder / "production.db"
    path.unlink()

    proposal = propose(sqlite_site)

    assert proposal.state == State.FAILED
    assert "production cannot be read" in proposal.error
    assert not path.exists()


def test_two_heads_become_one_by_a_merge(site: Site) -> None:
    add_models(site)
    site.project.add("left", "pass", down="r3")
    site.project.add("right", "pass", down="r3")
    before = state_of(site)

    proposal = propose_merge(site, "left", "right")

    assert proposal.state == State.READY, proposal.error
    assert "= ('left', 'right')" in proposal.content
    assert state_of(site) == before


@pytest.mark.parametrize(
    ("heads", "told"),
    [(["left"], "needs two heads"), (["left", "r3"], "r3 is no head"), (["left", "nosuch"], "nosuch")],
)
def test_only_heads_can_be_merged(sqlite_site: Site, heads: list[str], told: str) -> None:
    sqlite_site.project.add("left", "pass", down="r3")
    sqlite_site.project.add("right", "pass", down="r3")

    with pytest.raises(ProposalRefused, match=told):
        propose_merge(sqlite_site, *heads)


def test_with_several_heads_the_one_to_build_on_is_asked_for(sqlite_site: Site) -> None:
    add_models(sqlite_site, CHANGED_MODELS)
    sqlite_site.project.add("left", "pass", down="r3")
    sqlite_site.project.add("right", "pass", down="r3")
    sqlite_site.alembic("upgrade", "heads")

    with pytest.raises(ProposalRefused, match="There are 2 heads"):
        propose(sqlite_site)
    assert "= 'left'" in propose(sqlite_site, heads=["left"]).content


@pytest.mark.parametrize(
    ("extra", "options", "told"),
    [
        ("metadata = None", "", "gives Alembic no models"),
        (
            "def many(_context, _rows, directives):\n    directives.append(directives[0])",
            "process_revision_directives=many",
            "makes 2 files at once",
        ),
        (
            "import sqlalchemy as sa\nwith sa.create_engine(url_of()).begin() as own:\n"
            "    own.execute(sa.text('CREATE TABLE z (i int)'))",
            "",
            "env.py changes the database before it compares",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_the_reason(
    sqlite_site: Site, extra: str, options: str, told: str
) -> None:
    add_models(sqlite_site, CHANGED_MODELS)
    before = state_of(sqlite_site)
    sqlite_site.project.write_env(
        extra="import os\nfrom models import metadata\nfrom alembic import context\n"
        "def url_of():\n    return context.config.get_main_option('sqlalchemy.url')\n" + extra,
        options=f"target_metadata=metadata, {options}",
    )

    proposal = propose(sqlite_site)

    assert (proposal.state, proposal.content) == (State.FAILED, "")
    assert told in proposal.error
    assert state_of(sqlite_site) == before


def test_an_error_that_env_py_hides_is_no_empty_comparison(sqlite_site: Site) -> None:
    add_models(sqlite_site, CHANGED_MODELS)
    text = sqlite_site.project.env_py.read_text()
    sqlite_site.project.write_env(text=f"import contextlib\nwith contextlib.suppress(BaseException):\n{indent(text)}")
    (sqlite_site.project.directory / "models.py").write_text("metadata = 'no metadata'")

    proposal = propose(sqlite_site)

    assert proposal.state == State.FAILED
    assert "ended without a comparison" in proposal.error


def test_another_database_than_the_chosen_one_is_noticed(site: Site) -> None:
    add_models(site, CHANGED_MODELS)
    text = site.project.env_py.read_text()
    site.project.write_env(text=text.replace("engine = create_engine(url()", "engine = create_engine('sqlite://'"))

    proposal = propose(site)

    assert proposal.state == State.FAILED
    assert "another database" in proposal.error or "not up to date" in proposal.error


def test_several_locations_names_hooks_and_ids_are_the_projects_own(sqlite_site: Site) -> None:
    add_models(
        sqlite_site, CHANGED_MODELS,
        extra="def number(_context, _rows, directives):\n    directives[0].rev_id = '0004'",
        options="process_revision_directives=number",
    )  # fmt: skip
    folder = sqlite_site.project.directory
    (folder / "more").mkdir()
    (folder / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\npath_separator = ;\n"
        "version_locations = %(here)s/alembic/versions;%(here)s/more\nfile_template = %%(rev)s-%%(slug)s\n"
        "[post_write_hooks]\nhooks = touch\ntouch.type = exec\ntouch.executable = touch\ntouch.options = hooked\n"
    )

    proposal = propose(sqlite_site, folder="more")

    assert (proposal.path, proposal.revision, proposal.hooks) == ("more/0004-follow_the_models.py", "0004", "touch")
    assert not (folder / "hooked").exists()
    with pytest.raises(ProposalRefused, match="no folder"):
        propose(sqlite_site, folder="../elsewhere")


@pytest.mark.parametrize(
    "message",
    ["", "  ", "a\nb", 'end """ import os', "a\\nb", "x" * 201, "odd\u202e", "nul\0", "'''"],
)
def test_a_message_that_would_not_stay_in_the_docstring_is_refused(message: str) -> None:
    with pytest.raises(ProposalRefused):
        check_message(message)


@pytest.mark.parametrize("message", ["it's ${unsafe} %(rev)s {x}", "Größe ändern, 大小", "-x", "x" * 200, '"'])
def test_any_other_message_is_taken_as_it_is(message: str) -> None:
    assert check_message(f" {message} ") == message


def test_a_message_stands_in_the_file_as_it_was_written_and_leads_nowhere_else(sqlite_site: Site) -> None:
    add_models(sqlite_site, CHANGED_MODELS)
    message = """../../etc/passwd "quoted" ${1/0} %(x)s 'ü'"""

    proposal = propose(sqlite_site, message)

    assert proposal.state == State.READY, proposal.error
    assert message in proposal.content
    assert proposal.path.count("/") == 2


@pytest.mark.parametrize("revision", ["../x", "a b", "a-b", "a" * 33, "r1", ".x"])
def test_an_id_that_the_version_table_or_a_file_name_cannot_hold_is_refused(sqlite_site: Site, revision: str) -> None:
    with pytest.raises(ProposalRefused, match=r"at most 32|already"):
        propose(sqlite_site, revision=revision)


@pytest.mark.parametrize(
    ("revision", "told"),
    [
        ("head", "Alembic reserves"),
        ("heads", "Alembic reserves"),
        ("base", "Alembic reserves"),
        ("r", "already means revision r"),
        ("x" * 200, "at most 32"),
    ],
)
def test_an_id_that_alembic_would_read_as_something_else_is_refused(
    sqlite_site: Site, revision: str, told: str
) -> None:
    with pytest.raises(ProposalRefused, match=told):
        propose(sqlite_site, revision=revision)


def test_an_id_that_is_a_branch_label_is_refused(sqlite_site: Site) -> None:
    path = sqlite_site.project.directory / "alembic" / "versions" / "labelled.py"
    path.write_text("revision = 'labelled'\ndown_revision = 'r3'\nbranch_labels = ('billing',)\ndepends_on = None\n")

    with pytest.raises(ProposalRefused, match="already a branch label, of revision labelled"):
        propose(sqlite_site, revision="billing")


def test_an_environment_that_runs_a_ref_is_not_compared_with(sqlite_site: Site) -> None:
    sqlite_site.configure(extra='ref = "origin/release"', project_extra="writable = true")

    with pytest.raises(ProposalRefused, match="runs origin/release"):
        propose(sqlite_site)


def test_the_same_asked_for_twice_is_prepared_once(sqlite_site: Site) -> None:
    asked: dict[str, Any] = {
        "user": sqlite_site.operator, "project": "api", "kind": "autogenerate", "environment": "production", "message": "x",
    }  # fmt: skip

    assert propose_revision(**asked).pk == propose_revision(**asked).pk


def test_a_lead_proposes_nothing(sqlite_site: Site) -> None:

    with pytest.raises(PermissionDenied):
        propose(sqlite_site, user=make_person("lead"))
    assert not RevisionProposal.objects.exists()


def test_one_whose_worker_died_is_told_so(sqlite_site: Site) -> None:
    long_ago = timezone.now() - 2 * HEARTBEAT_LOST_AFTER
    lost = RevisionProposal.objects.create(
        project="api", kind="merge", message="x", state=State.WORKING, heartbeat_at=long_ago, created_by=sqlite_site.operator
    )  # fmt: skip

    assert end_lost_proposals() == 1
    lost.refresh_from_db()
    assert lost.state == State.FAILED


def indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def test_a_project_without_a_template_is_told_to_get_one(sqlite_site: Site) -> None:
    add_models(sqlite_site, "sa.Table('t4', metadata, sa.Column('id', sa.Integer, primary_key=True))")
    (sqlite_site.project.directory / "alembic" / "script.py.mako").unlink()

    assert propose(sqlite_site).error.startswith("The project has no script.py.mako beside env.py")
