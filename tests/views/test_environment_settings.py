"""What the environment page says of the code that an environment runs."""

from __future__ import annotations

from django.test import Client

from dashboard.sources.git_state import CheckoutState
from dashboard.usecases.read_code import Code
from dashboard.views.environment_settings import say_code
from tests.views.conftest import ViewedSite


def test_the_work_tree_is_told_with_what_is_not_committed_and_its_distance() -> None:
    state = CheckoutState("main", "3f1c8a52d9e4" + "0" * 28, ("a.py", "b.py"), "origin/main", 0, 1)

    assert (
        say_code(Code("", state, ()))
        == "work tree of main at 3f1c8a52d9e4, 2 uncommitted files, 1 commit behind origin/main"
    )


def test_a_ref_is_told_by_its_name() -> None:
    assert say_code(Code("origin/release", CheckoutState(), ())) == "origin/release, laid out in a worktree of its own"


def test_without_git_that_is_said() -> None:
    assert say_code(Code("", CheckoutState(), ())) == "work tree, not in git"


def test_what_is_allowed_is_told_in_words(lead: Client, site: ViewedSite) -> None:
    site.configure('allow = ["upgrade", "start_fresh"]')

    facts = dict(lead.get("/projects/api/environments/production/").context["facts"])

    assert facts["Allows"] == "start fresh, upgrade"
