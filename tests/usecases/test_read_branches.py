"""All branches at once: the same verdicts as comparing each, from the files that differ."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from dashboard.revisions.branches import BranchJudgement, Verdict
from dashboard.usecases.branches_document import branches_document
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.compare import compare
from dashboard.usecases.compare_sides import SideRefused
from dashboard.usecases.read_branches import BranchesReading, read_branches
from tests.usecases.branching import BranchedProject


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> BranchedProject:
    """main: a <- b <- m, where m came after the branches; one branch a kind of trouble."""
    made = BranchedProject(tmp_path_factory.mktemp("branches")).start()
    made.add("a")
    made.add("b", "a")
    made.branch("diverged")
    made.add("f", "b")
    made.add("g", "f")
    made.branch("edits", at="main")
    made.write("b", "a", body="op.execute('SELECT 1')")
    made.commit()
    made.branch("deletes", at="main")
    made.delete("b")
    made.branch("collides", at="main")
    made.add("m", "b", message="another m", name="m_other")
    made.branch("moves", at="main")
    made.write("b")
    made.commit()
    made.branch("unreadable", at="main")
    made.path("z").write_text("revision = 'z'\n")
    made.commit()
    made.branch("no_parent", at="main")
    made.add("y", "nowhere")
    made.branch("behind", at="main")
    made.checkout("main")
    made.add("m", "b")
    made.branch("ahead")
    made.add("n", "m")
    made.branch("merges", at="main")
    made.merge("diverged")
    made.add("x1", "g", "m")
    made.branch("merges_too", at="main")
    made.merge("diverged")
    made.add("x2", "m", "g")
    made.branch("labelled", at="main")
    made.add("l", "m", label="billing")
    made.branch("needs", at="main")
    made.add("k", needs="m")
    made.git("checkout", "--quiet", "--orphan", "pages")
    made.git("rm", "--quiet", "-r", "-f", ".")
    (made.directory / "index.html").write_text("<p>")
    made.commit()
    made.checkout("main")
    return made


@pytest.fixture
def project(repository: BranchedProject, tmp_path: Path, settings: Any) -> BranchedProject:
    """A copy, for one test."""
    shutil.copytree(repository.folder, tmp_path, dirs_exist_ok=True)
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    made = BranchedProject(tmp_path)
    made.configure()
    return made


def read(onto: str = "") -> BranchesReading:
    """Of project api."""
    return read_branches(project=configuration().project("api"), onto=onto)


def judgements() -> dict[str, BranchJudgement]:
    """By branch, where there is one."""
    return {branch.ref.name: branch.judgement for branch in read().branches if branch.judgement is not None}


def test_each_branch_gets_the_verdict_that_it_deserves(project: BranchedProject) -> None:
    assert {name: found.verdict for name, found in judgements().items()} == {
        "diverged": Verdict.MERGE_NEEDED,
        "edits": Verdict.CONFLICT,
        "deletes": Verdict.CONFLICT,
        "collides": Verdict.CONFLICT,
        "moves": Verdict.CONFLICT,
        "unreadable": Verdict.CONFLICT,
        "no_parent": Verdict.CONFLICT,
        "behind": Verdict.NOTHING_OWN,
        "ahead": Verdict.CLEAN,
        "merges": Verdict.CLEAN,
        "merges_too": Verdict.CLEAN,
        "labelled": Verdict.CLEAN,
        "needs": Verdict.CLEAN,
    }


def test_it_says_the_same_as_a_comparison_of_each_branch(project: BranchedProject) -> None:
    for name, found in judgements().items():
        single = compare(project=configuration().project("api"), left="ref:main", right=f"ref:{name}")

        assert sorted(found.heads_after_merge) == sorted(
            record.revision for record in single.comparison.heads_after_merge
        ), name
        assert {frozenset(group) for group in found.to_merge} == {
            frozenset(group) for group in single.comparison.to_merge
        }, name
        assert set(found.conflicts) == set(single.comparison.conflicts), name
        assert found.reparentings == single.comparison.reparentings, name
        assert sorted(found.heads) == sorted(single.right.history.graph.effective_heads), name


def test_what_a_branch_brings_and_lacks_is_counted(project: BranchedProject) -> None:
    found = judgements()["diverged"]

    assert [record.revision for record in found.added] == ["f", "g"]
    assert found.lacking == 1
    assert found.heads == ("g",) and set(found.heads_after_merge) == {"g", "m"}


def test_two_branches_that_merge_the_same_heads_are_told(project: BranchedProject) -> None:
    rivals = {branch.ref.name: branch.rivals for branch in read().branches if branch.rivals}

    assert rivals == {"merges": (("x1", "merges_too"),), "merges_too": (("x2", "merges"),)}


def test_branches_that_go_on_from_the_same_head_name_each_other(project: BranchedProject) -> None:
    """main is at m: n (ahead), l (labelled) and k (needs, by depends_on) follow it, x1 and x2 merge it with g."""
    colliding = {branch.ref.name: set(branch.colliding) for branch in read().branches if branch.colliding}

    assert colliding["ahead"] == {"labelled", "merges", "merges_too", "needs"}
    assert colliding["needs"] == {"labelled", "merges", "merges_too", "ahead"}
    assert colliding["merges"] == {"labelled", "needs", "ahead"}
    assert "diverged" not in colliding and "collides" not in colliding


def test_a_branch_that_builds_on_another_one_does_not_collide_with_it(project: BranchedProject) -> None:
    project.branch("further", at="ahead")
    project.add("o", "n")
    project.branch("aside", at="ahead")
    project.add("q", "n")
    project.checkout("main")

    colliding = {branch.ref.name: branch.colliding for branch in read().branches}

    assert "further" not in colliding["ahead"] and "aside" not in colliding["ahead"]
    assert "aside" in colliding["further"] and "further" in colliding["aside"]


def test_the_sentence_of_a_collision_names_three_and_counts_the_others(project: BranchedProject) -> None:
    (ahead,) = [branch for branch in read().branches if branch.ref.name == "ahead"]

    assert ahead.collision.startswith("clean alone; with ")
    assert ahead.collision.endswith(" or 1 more merged first, a merge of heads is needed")
    assert branches_document(configuration().project("api"), read())["branches"][
        [branch.ref.name for branch in read().branches].index("ahead")
    ]["merge_needed_after"] == list(ahead.colliding)


def test_a_branch_without_a_script_directory_says_so(project: BranchedProject) -> None:
    (pages,) = [branch for branch in read().branches if branch.ref.name == "pages"]

    assert pages.judgement is None and "alembic.ini does not exist" in pages.error


def test_another_branch_can_be_what_they_are_merged_into(project: BranchedProject) -> None:
    found = read("diverged")

    assert found.onto == "diverged" and found.heads == ("g",)
    (main,) = [branch for branch in found.branches if branch.ref.name == "main"]
    assert main.judgement is not None and main.judgement.verdict is Verdict.MERGE_NEEDED


def test_a_branch_that_is_configured_otherwise_is_read_by_its_own_configuration(project: BranchedProject) -> None:
    project.branch("relocated")
    project.git("mv", "alembic/versions", "alembic/history")
    project.configure()
    config = project.directory / "alembic.ini"
    config.write_text(config.read_text() + "version_locations = %(here)s/alembic/history\n")
    (project.directory / "alembic/history/n.py").write_text("'''n'''\nrevision = 'n'\ndown_revision = 'm'\n")
    project.commit()
    project.checkout("main")

    found = judgements()["relocated"]

    assert found.verdict is Verdict.CLEAN and found.heads == ("n",)


def test_a_remote_branch_that_stands_where_the_local_one_does_is_listed_once(project: BranchedProject) -> None:
    project.git("update-ref", "refs/remotes/origin/ahead", "ahead")
    project.git("update-ref", "refs/remotes/origin/diverged", "main")

    names = [branch.ref.name for branch in read().branches]

    assert "origin/ahead" not in names and "origin/diverged" in names


def test_refs_are_refused_where_git_is_not_read(project: BranchedProject) -> None:
    project.configure("git = false")

    with pytest.raises(SideRefused, match="git = false"):
        read()
