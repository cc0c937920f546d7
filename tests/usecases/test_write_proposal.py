"""Writing a proposed file into the work tree: once, whole, never over another, and only what still fits."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from dashboard.models import RevisionProposal
from dashboard.sources.new_file import FileNotWritten, write_new_file
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.propose_revision import ProposalRefused, read_choices
from dashboard.usecases.read_proposal import say_command, say_commit
from dashboard.usecases.write_proposal import discard_proposal, why_not_written, write_proposal
from tests.usecases.modelled import add_models, propose_merge, versions
from tests.usecases.site import Site, make_person

State = RevisionProposal.State


@pytest.fixture
def proposal(sqlite_site: Site) -> RevisionProposal:
    """A merge of left and right, to be reviewed."""
    add_models(sqlite_site)
    sqlite_site.project.add("left", "pass", down="r3")
    sqlite_site.project.add("right", "pass", down="r3")
    made = propose_merge(sqlite_site, "left", "right", message="it's merged")
    assert made.state == State.READY, made.error
    return made


def write(site: Site, proposal: RevisionProposal) -> RevisionProposal:
    return write_proposal(user=site.operator, proposal_id=proposal.pk, sha256=proposal.sha256)


def test_it_is_written_as_it_was_shown_and_the_heads_are_one(sqlite_site: Site, proposal: RevisionProposal) -> None:
    folder = sqlite_site.project.directory
    next(folder.glob("alembic/versions/right*")).chmod(0o640)
    before = versions(sqlite_site)

    written = write(sqlite_site, proposal)

    path = folder / proposal.path
    assert path.read_text() == proposal.content
    assert path.stat().st_mode & 0o777 == 0o640
    assert set(versions(sqlite_site)) - set(before) == {path.name}
    assert (written.state, written.written_by) == (State.WRITTEN, sqlite_site.operator)
    assert read_choices(configuration().project("api")).heads == {proposal.revision: "it's merged"}
    assert proposal.revision in sqlite_site.alembic("heads")


def test_a_second_write_is_refused(sqlite_site: Site, proposal: RevisionProposal) -> None:
    write(sqlite_site, proposal)

    with pytest.raises(ProposalRefused, match="was written already, by operator"):
        write(sqlite_site, proposal)


def test_no_file_is_written_over(sqlite_site: Site, proposal: RevisionProposal) -> None:
    path = sqlite_site.project.directory / proposal.path
    path.write_text("somebody's own")

    with pytest.raises(ProposalRefused, match="exists already"):
        write(sqlite_site, proposal)
    assert path.read_text() == "somebody's own"


def test_what_was_prepared_from_other_files_is_refused(sqlite_site: Site, proposal: RevisionProposal) -> None:
    sqlite_site.project.add("third", "pass", down="r3")

    with pytest.raises(ProposalRefused, match="has changed since"):
        write(sqlite_site, proposal)
    assert not (sqlite_site.project.directory / proposal.path).exists()


def test_a_text_that_was_not_shown_is_refused(sqlite_site: Site, proposal: RevisionProposal) -> None:
    with pytest.raises(ProposalRefused, match="not the one that was shown"):
        write_proposal(user=sqlite_site.operator, proposal_id=proposal.pk, sha256="0" * 64)


def test_where_the_project_is_not_writable_the_command_is_told(sqlite_site: Site, proposal: RevisionProposal) -> None:
    sqlite_site.configure()

    with pytest.raises(ProposalRefused, match="does not let files"):
        write(sqlite_site, proposal)
    command = say_command(proposal, configuration().project("api"))
    assert shlex.split(command) == ["alembic", "merge", "-m", "it's merged", "left", "right"]
    sqlite_site.alembic(*shlex.split(command)[1:])
    assert len(read_choices(configuration().project("api")).heads) == 1


def test_a_lead_writes_and_discards_nothing(sqlite_site: Site, proposal: RevisionProposal) -> None:
    lead = make_person("lead")

    with pytest.raises(PermissionDenied):
        write_proposal(user=lead, proposal_id=proposal.pk, sha256=proposal.sha256)
    with pytest.raises(PermissionDenied):
        discard_proposal(user=lead, proposal_id=proposal.pk)
    assert not (sqlite_site.project.directory / proposal.path).exists()


def test_what_was_discarded_is_not_written(sqlite_site: Site, proposal: RevisionProposal) -> None:
    discard_proposal(user=sqlite_site.operator, proposal_id=proposal.pk)
    proposal.refresh_from_db()

    assert why_not_written(proposal) == "There is no file to write."


def test_the_commands_commit_the_models_with_the_file(sqlite_site: Site, proposal: RevisionProposal) -> None:
    folder = sqlite_site.project.directory
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "begin"], check=True)
    (folder / "models.py").write_text((folder / "models.py").read_text() + "# more\n")
    proposal.kind = RevisionProposal.Kind.AUTOGENERATE
    write(sqlite_site, proposal)

    commands = say_commit(proposal, configuration().project("api"))

    script = "\n".join(commands).replace("git commit", "git -c user.name=a -c user.email=a@b commit -q")
    subprocess.run(["sh", "-ec", script], check=True)
    shown = subprocess.run([*git, "show", "--stat", "--format=%s"], check=True, capture_output=True, text=True).stdout
    assert shown.startswith("it's merged\n")
    assert "models.py" in shown and proposal.path in shown


def test_a_new_file_stays_inside_its_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)

    for path in (inside / ".." / "outside" / "x.py", inside / "link" / "x.py"):
        with pytest.raises(FileNotWritten, match="does not lie in"):
            write_new_file(path, b"", inside=inside)
    assert list(outside.iterdir()) == []


def test_a_new_file_makes_the_folders_that_its_name_asks_for(tmp_path: Path) -> None:
    write_new_file(tmp_path / "2026" / "11" / "x.py", b"x", inside=tmp_path)

    assert [path.name for path in (tmp_path / "2026" / "11").iterdir()] == ["x.py"]


def test_a_folder_that_takes_no_file_is_told() -> None:
    with pytest.raises(FileNotWritten, match=r"/proc.*(cannot be written|may not write)|may not write in /proc"):
        write_new_file(Path("/proc/x.py"), b"", inside=Path("/proc"))
