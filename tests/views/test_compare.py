"""Compare heads, and Branches: what the pages and their JSON say of a real repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.usecases.branching import BranchedProject
from tests.usecases.site import make_person
from tests.views.conftest import ViewedSite, text_of

COMPARE = "/projects/api/compare/"
BRANCHES = "/projects/api/branches/"
SignIn = Callable[[str], Client]


@pytest.fixture
def project(tmp_path: Path, settings: Any, db: None) -> BranchedProject:
    """main: a <- b <- m; feature: b <- f, where both sides touch orders."""
    settings.DASHBOARD_CONFIG = tmp_path / "dashboard.toml"
    settings.DASHBOARD_DATA = tmp_path / "var"
    made = BranchedProject(tmp_path).start()
    made.add("a")
    made.add("b", "a")
    made.branch("feature/tax-region")
    made.add("f", "b", message="add <orders>.region", body="op.add_column('orders', sa.Column('region', sa.Text))")
    made.checkout("main")
    made.add("m", "b", message="fill orders", body="op.execute('UPDATE orders SET x = 1')")
    return made


@pytest.fixture
def client_of(project: BranchedProject) -> SignIn:
    """A signed-in client of a role."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(make_person(role))
        return client

    return sign_in


def test_the_page_says_that_a_merge_is_needed_and_how(client_of: SignIn) -> None:
    response = client_of("developer").get(COMPARE, {"left": "ref:main", "right": "ref:feature/tax-region"})

    page = text_of(response)
    assert response.status_code == 200
    assert "Merge needed" in page and "alembic merge -m" in page
    assert "write <code>down_revision = &quot;m&quot;</code>" in page or 'down_revision = "m"' in page
    assert "Only in feature/tax-region" in page and "add &lt;orders&gt;.region" in page
    assert "order matters" in page and "merge point, not written yet" in page


def test_a_side_that_branches_off_below_the_other_ones_head_is_drawn_there(
    project: BranchedProject, client_of: SignIn
) -> None:
    """main: a <- b <- m; late has m, too, and l beside it: a <- l."""
    project.branch("late", at="main")
    project.add("l", "a")
    project.checkout("main")
    client = client_of("developer")

    response = client.get(COMPARE, {"left": "ref:main", "right": "ref:late"})

    fork, page = response.context["fork"], text_of(response)
    assert [(row.revision, row.is_head) for row in fork.left.rows] == [("m", True)] and fork.left.total == 0
    assert [(base.record.revision, base.side) for base in fork.bases] == [("a", "late")]
    assert "right adds 1 revision" in page and "not on top of the head of main" in page
    assert "branches off at" in page and "both sides have it" in page and "nothing that" not in page
    turned = text_of(client.get(COMPARE, {"left": "ref:late", "right": "ref:main"}))
    assert "left adds 1 revision" in turned and "not on top of the head of main" in turned


def test_a_side_that_goes_on_from_the_other_ones_head_is_ahead(project: BranchedProject, client_of: SignIn) -> None:
    project.branch("next", at="main")
    project.add("n", "m")
    project.checkout("main")

    response = client_of("developer").get(COMPARE, {"left": "ref:main", "right": "ref:next"})

    fork, page = response.context["fork"], text_of(response)
    assert "right is ahead" in page and "nothing that next lacks" in page and "latest common ancestor" in page
    assert [(base.record.revision, base.side) for base in fork.bases] == [("m", "")]


def test_what_begins_with_a_base_of_its_own_is_said_to(project: BranchedProject, client_of: SignIn) -> None:
    project.branch("other", at="main")
    project.add("o")
    project.checkout("main")

    page = text_of(client_of("developer").get(COMPARE, {"left": "ref:main", "right": "ref:other"}))

    assert "What one side has alone begins with a base of its own." in page


def test_an_id_that_means_two_things_is_told_once_and_predicts_no_head(
    project: BranchedProject, client_of: SignIn
) -> None:
    project.branch("one", at="main")
    project.add("x", "m", message="add colours")
    project.branch("two", at="main")
    project.add("x", "m", message="add sizes")
    project.checkout("main")

    page = text_of(client_of("developer").get(COMPARE, {"left": "ref:one", "right": "ref:two"}))

    assert "1 conflict to settle" in page and "same revisions" not in page and "Both hold the same" not in page
    assert "4 revision ids in common, 1 of them with different contents" in page
    assert "not known before the conflict is settled" in page
    assert page.count("Give the newer one a new id") == 1 and "Files that differ although" not in page


def test_every_role_may_compare(client_of: SignIn) -> None:
    for role in ("lead", "developer", "operator"):
        client = client_of(role)
        assert client.get(COMPARE).status_code == 200
        assert client.get(BRANCHES).status_code == 200


def test_a_stranger_may_not(project: BranchedProject, django_user_model: Any) -> None:
    client = Client()
    assert client.get(COMPARE).status_code == 302
    client.force_login(django_user_model.objects.create_user("nobody"))
    for address in (COMPARE, BRANCHES, "/api/v1/projects/api/compare", "/api/v1/projects/api/branches"):
        assert client.get(address).status_code == 403


@pytest.mark.parametrize("address", [COMPARE, BRANCHES])
def test_nothing_is_posted(client_of: SignIn, address: str) -> None:
    assert client_of("operator").post(address).status_code == 405


def test_without_sides_main_is_compared_with_the_work_tree(project: BranchedProject, client_of: SignIn) -> None:
    project.write("new", "m")

    page = text_of(client_of("developer").get(COMPARE))

    assert "Only in the work tree" in page and "make new" in page and "No merge needed" in page


@pytest.mark.fault(59)
@pytest.mark.parametrize("side", ["ref:--output=/tmp/x", "ref:main..feature", "ref:nowhere", "nonsense", "env:nobody"])
def test_a_hostile_or_unknown_side_is_a_400_that_says_why(client_of: SignIn, side: str) -> None:
    client = client_of("lead")

    response = client.get(COMPARE, {"left": side, "right": "heads"})

    assert response.status_code == 400
    assert "These sides cannot be compared." in text_of(response)
    in_place = client.get(
        COMPARE, {"left": side, "right": "heads"}, headers={"HX-Request": "true", "HX-Target": "compared"}
    )
    assert in_place.status_code == 200 and "<html" not in in_place.content.decode()


def test_a_database_that_was_never_read_is_no_fault_of_the_request(client_of: SignIn) -> None:
    client, sides = client_of("lead"), {"left": "env:staging", "right": "heads"}

    response = client.get(COMPARE, sides)

    assert response.status_code == 200 and "staging has not been read yet." in text_of(response)
    assert client.get("/api/v1/projects/api/compare", sides).status_code == 409


def test_branches_are_listed_with_verdict_and_command(project: BranchedProject, client_of: SignIn) -> None:
    project.branch("behind", at="main~1")
    project.checkout("main")

    page = text_of(client_of("developer").get(BRANCHES))

    assert "feature/tax-region" in page and "merge needed" in page and "alembic merge" in page
    assert "nothing of its own" in page
    assert "left=ref%3Amain&amp;right=ref%3Afeature%2Ftax-region" in page


def test_branches_that_are_clean_alone_name_each_other(project: BranchedProject, client_of: SignIn) -> None:
    for name in ("basket", "price"):
        project.branch(name, at="main")
        project.add(f"of_{name}", "m")
    project.checkout("main")

    page = text_of(client_of("developer").get(BRANCHES))

    assert "Clean alone; with price merged first, a merge of heads is needed." in page
    assert "Clean alone; with basket merged first, a merge of heads is needed." in page
    assert "it goes on from the head" not in page


def test_branches_can_be_kept_by_verdict(project: BranchedProject, client_of: SignIn) -> None:
    project.branch("behind", at="main~1")
    project.checkout("main")

    page = text_of(client_of("developer").get(BRANCHES, {"verdict": "nothing_own"}))

    assert ">behind<" in page and ">feature/tax-region<" not in page


def test_branches_onto_a_ref_that_does_not_exist_are_a_400(client_of: SignIn) -> None:
    response = client_of("developer").get(BRANCHES, {"onto": "--all"})

    assert response.status_code == 400 and "cannot be read" in text_of(response)


def test_a_project_without_git_says_so(project: BranchedProject, client_of: SignIn) -> None:
    project.configure("git = false")
    client = client_of("developer")

    assert "git = false" in text_of(client.get(BRANCHES))
    assert client.get(COMPARE, {"left": "heads", "right": "heads"}).status_code == 200


def test_history_and_environment_lead_to_the_comparison(client_of: SignIn) -> None:
    client = client_of("lead")

    assert "Compare heads" in text_of(client.get("/projects/api/history/"))
    environment = text_of(client.get("/projects/api/environments/staging/"))
    assert "compare/?left=env:staging&amp;right=heads" in environment


def test_the_api_returns_the_documents(client_of: SignIn) -> None:
    client = client_of("lead")
    sides = {"left": "ref:main", "right": "ref:feature/tax-region"}

    document = client.get("/api/v1/projects/api/compare", sides).json()
    branches = client.get("/api/v1/projects/api/branches").json()

    assert document["format"] == 1 and document["merge_needed"] is True
    assert document["only_right"] == [{"revision": "f", "message": "add <orders>.region"}]
    assert [branch["verdict"] for branch in branches["branches"]] == ["merge_needed"]
    assert client.get("/api/v1/projects/api/compare").status_code == 400
    assert client.get("/api/v1/projects/nobody/compare", sides).status_code == 404


def test_sides_that_hold_the_same_say_so_and_draw_no_fork(lead: Client, site: ViewedSite) -> None:
    page = text_of(lead.get("/projects/api/compare/", {"left": "heads", "right": "env:staging"}))

    assert "Both hold the same 3 revisions" in page
    assert "Only in" not in page and "Tables touched" not in page


def test_a_bare_name_is_told_what_to_write_before_it(lead: Client, site: ViewedSite) -> None:
    answer = lead.get("/projects/api/compare/", {"left": "main", "right": "heads"})

    assert answer.status_code == 400 and "Write ref: before a branch, tag or commit" in text_of(answer)
