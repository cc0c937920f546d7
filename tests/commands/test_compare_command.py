"""manage.py compare and branches, as CI calls them: documents and exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.usecases.branching import BranchedProject


@pytest.fixture
def project(tmp_path: Path, settings: Any, db: None) -> BranchedProject:
    """main: a <- b."""
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    made = BranchedProject(tmp_path).start()
    made.add("a")
    made.add("b", "a")
    return made


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and standard output."""
    output = io.StringIO()
    try:
        call_command(*arguments, stdout=output)
    except SystemExit as end:
        return int(str(end.code)), output.getvalue()
    return 0, output.getvalue()


def test_a_pull_request_that_would_leave_two_heads_fails(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b")
    project.checkout("main")
    project.add("m", "b")
    project.checkout("feature")

    code, output = run("compare", "api", "ref:main", "ref:HEAD", "--check")

    assert code == 1
    assert "Merge needed." in output and "alembic merge -m" in output and 'write down_revision = "m"' in output


def test_a_pull_request_that_goes_on_from_main_passes(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b")

    assert run("compare", "api", "ref:main", "ref:HEAD", "--check")[0] == 0


def test_a_conflict_fails_the_check(project: BranchedProject) -> None:
    project.branch("feature")
    project.delete("b")

    code, output = run("compare", "api", "ref:main", "ref:feature", "--check")

    assert code == 1 and "Conflict (deleted) b" in output


def test_the_document_has_the_keys_that_were_promised(project: BranchedProject) -> None:
    project.branch("feature")
    project.add("f", "b", message="a message")

    document = json.loads(run("compare", "api", "ref:main", "ref:feature", "--json")[1])

    assert document["format"] == 1
    assert {
        "left",
        "right",
        "common",
        "only_left",
        "only_right",
        "merge_needed",
        "heads_after_merge",
        "conflicts",
    } <= set(document)
    assert {"kind", "name", "commit", "heads"} <= set(document["left"])
    assert document["left"]["kind"] == "ref" and document["left"]["heads"] == ["b"]
    assert document["common"] == [{"revision": "b", "message": "make b"}]
    assert document["only_right"] == document["heads_after_merge"] == [{"revision": "f", "message": "a message"}]


@pytest.mark.parametrize("side", ["ref:nowhere", "env:staging", "env:nobody", "what", "ref:--all"])
def test_a_wrong_side_is_a_usage_error(project: BranchedProject, side: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("compare", "api", side, "heads")

    assert refused.value.returncode == 2


def test_refresh_reads_the_databases_first(project: BranchedProject) -> None:
    document = (
        json.loads(run("compare", "api", "env:staging", "heads", "--refresh", "--json")[1]) if _touch(project) else {}
    )

    assert document["left"]["kind"] == "environment" and document["left"]["observed_at"]
    assert [record["revision"] for record in document["only_right"]] == ["a", "b"]


def _touch(project: BranchedProject) -> bool:
    """An empty database, which nobody has read yet."""
    (project.folder / "staging.db").touch()
    return True


def test_branches_are_listed_and_checked(project: BranchedProject) -> None:
    project.branch("ahead")
    project.add("c", "b")
    project.checkout("main")
    assert run("branches", "api", "--check")[0] == 0
    project.branch("diverged", at="main")
    project.add("d", "a")

    code, output = run("branches", "api", "--onto", "main", "--check")
    document = json.loads(run("branches", "api", "--json")[1])

    assert code == 1 and "merge needed" in output
    assert {branch["name"]: branch["verdict"] for branch in document["branches"]} == {
        "ahead": "clean",
        "diverged": "merge_needed",
    }


def test_branches_that_are_clean_alone_are_told_with_each_other(project: BranchedProject) -> None:
    for name in ("basket", "price"):
        project.branch(name, at="main")
        project.add(f"of_{name}", "b")
    project.checkout("main")

    code, output = run("branches", "api", "--check")

    assert code == 0 and "clean alone; with price merged first, a merge of heads is needed." in output
    found = {
        branch["name"]: branch["merge_needed_after"]
        for branch in json.loads(run("branches", "api", "--json")[1])["branches"]
    }
    assert found["basket"] == ["price"] and found["price"] == ["basket"]
