"""The graph and the environments in one look."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.sources.repositories import commit_all, git, start_repository
from tests.views.conftest import ViewedSite, text_of

HISTORY = "/projects/api/history/"


def feature(site: ViewedSite) -> None:
    """A repository with r1 to r3 on main, and x1 on feature-x."""
    directory = site.project.directory
    start_repository(directory)
    commit_all(directory)
    git(directory, "switch", "--quiet", "--create", "feature-x")
    path = site.project.add("x1", "pass", message="from the branch")
    commit_all(directory)
    git(directory, "switch", "--quiet", "main")
    assert not path.exists()


def shown(response: Any) -> list[str]:
    """Ids of the rows, in their order."""
    return re.findall(r'<tr role="row" id="revision-([^"]+)"', response.content.decode())


def test_revisions_stand_newest_first_with_their_environments(lead: Client) -> None:
    page = text_of(lead.get(HISTORY))

    assert page.index('id="revision-r3"') < page.index('id="revision-r2"') < page.index('id="revision-r1"')
    row = page[page.index('id="revision-r1"') :]
    assert 'production<span class="visually-hidden"> is here' in row


def test_it_shades_by_the_chosen_environment(lead: Client) -> None:
    assert text_of(lead.get(f"{HISTORY}?environment=production")).count('class="is-pending"') == 2
    assert text_of(lead.get(f"{HISTORY}?environment=staging")).count('class="is-pending"') == 0


def test_what_cannot_be_told_is_not_shaded(lead: Client, site: ViewedSite) -> None:
    site.set_rows("production", "elsewhere")
    site.observe()

    page = text_of(lead.get(f"{HISTORY}?environment=production"))

    assert 'class="is-pending"' not in page and "cannot be told" in page
    assert "which is not in this history" in page and "elsewhere" in page


def test_it_searches(lead: Client) -> None:
    page = text_of(lead.get(f"{HISTORY}?q=make+R2"))

    assert 'id="revision-r2"' in page and 'id="revision-r1"' not in page
    assert "No revision matches" in text_of(lead.get(f"{HISTORY}?q=nothing"))


@pytest.mark.parametrize("words", ["R2", "make r2", "r2_r2.py", "LABELLED", "grace"])
def test_it_searches_id_message_file_label_and_author(lead: Client, site: ViewedSite, words: str) -> None:
    start_repository(site.project.directory)
    commit_all(site.project.directory, author="Ada")
    second = next((site.project.directory / "alembic/versions").glob("r2_*"))
    text = second.read_text().replace("branch_labels = None", "branch_labels = ('labelled',)")
    second.unlink()
    commit_all(site.project.directory, "take r2 out", author="Ada")
    second.write_text(text)
    commit_all(site.project.directory, "bring r2 in", author="Grace")

    assert shown(lead.get(HISTORY, {"q": words})) == ["r2"]


@pytest.mark.parametrize(
    ("show", "revisions"), [("pending", ["r3", "r2"]), ("applied", ["r1"]), ("odd", ["r3", "r2", "r1"])]
)
def test_it_filters_by_what_an_environment_has(lead: Client, show: str, revisions: list[str]) -> None:
    assert shown(lead.get(HISTORY, {"environment": "production", "show": show})) == revisions


def test_nothing_pending_is_told(lead: Client) -> None:
    page = text_of(lead.get(f"{HISTORY}?environment=staging&show=pending"))

    assert "No revision matches among those pending on staging" in page


def test_a_long_history_comes_in_parts(lead: Client, site: ViewedSite) -> None:
    for number in range(4, 260):
        site.project.add(f"r{number}", "pass")

    first = text_of(lead.get(HISTORY))
    second = text_of(lead.get(f"{HISTORY}?after=r60"))

    assert "after=r60" in first and 'id="revision-r60"' in first and 'id="revision-r59"' not in first
    assert 'id="revision-r59"' in second and 'id="revision-r60"' not in second and "201 to 259 of 259" in second
    assert "at=r259" in second, "the way back"


def test_a_part_alone_is_given_to_htmx(lead: Client, site: ViewedSite) -> None:
    for number in range(4, 260):
        site.project.add(f"r{number}", "pass")

    page = text_of(lead.get(f"{HISTORY}?after=r60&part=revisions", headers={"HX-Request": "true"}))

    assert "/revisions/r59/" in page and "/revisions/r60/" not in page and "<html" not in page
    assert 'id="revision-' not in page, "htmx would look for each of them in the whole document"


def test_it_jumps_to_where_an_environment_stands(lead: Client, site: ViewedSite) -> None:
    for number in range(4, 260):
        site.project.add(f"r{number}", "pass")

    first = text_of(lead.get(f"{HISTORY}?environment=production"))
    jumped = lead.get(f"{HISTORY}?environment=production&at=r1")

    assert 'href="?environment=production&amp;at=r1#revision-r1"' in first
    assert shown(jumped)[0] == "r59" and shown(jumped)[-1] == "r1"


def test_author_and_date_of_the_commit_are_told(lead: Client, site: ViewedSite) -> None:
    start_repository(site.project.directory)
    commit_all(site.project.directory, date="2024-05-06T07:08:09+00:00", author="Ada & Co")
    site.project.add("r4", "pass")

    page = text_of(lead.get(HISTORY))

    assert page.count("Ada &amp; Co") == 3 and "06 May 2024" in page
    assert "not committed" in page[page.index('id="revision-r4"') : page.index('id="revision-r3"')]


def test_a_ref_is_shown_without_touching_the_work_tree(lead: Client, site: ViewedSite) -> None:
    feature(site)

    page = text_of(lead.get(f"{HISTORY}?ref=feature-x"))

    assert 'id="revision-x1"' in page and "revisions/x1/?ref=feature-x" in page
    assert 'id="revision-x1"' not in text_of(lead.get(HISTORY))


@pytest.mark.fault(59)
@pytest.mark.parametrize("ref", ["--output=x", "-h", "../../x", "", "no-such-branch", "HEAD; touch x", "a..b"])
@pytest.mark.parametrize("path", [HISTORY, "/projects/api/revisions/r1/", "/api/v1/projects/api/history"])
def test_a_hostile_ref_is_refused(lead: Client, site: ViewedSite, path: str, ref: str) -> None:
    feature(site)
    before = sorted(path.name for path in site.project.directory.rglob("*"))

    assert lead.get(path, {"ref": ref}).status_code == 400
    assert sorted(path.name for path in site.project.directory.rglob("*")) == before


def test_a_project_without_git_has_no_refs(lead: Client) -> None:
    assert lead.get(HISTORY, {"ref": "main"}).status_code == 400


def test_an_environment_at_a_revision_of_a_branch_is_explained(lead: Client, site: ViewedSite) -> None:
    feature(site)
    site.set_rows("production", "x1")
    site.observe()

    page = text_of(lead.get(HISTORY))

    assert "which is not in this history" in page and "x1 exists on feature-x (from the branch)" in page
    environment = text_of(lead.get("/projects/api/environments/production/"))
    assert "x1 exists on feature-x (from the branch)" in environment
    assert "x1 exists on" not in text_of(lead.get(f"{HISTORY}?ref=feature-x"))


def test_a_revision_that_no_ref_has_is_said_to_be_lost(lead: Client, site: ViewedSite) -> None:
    feature(site)
    site.set_rows("production", "gone")
    site.observe()

    assert "No branch or tag of this repository has gone" in text_of(lead.get(HISTORY))


def test_problems_are_told_with_file_and_mend(lead: Client, site: ViewedSite) -> None:
    site.project.add("orphan", "pass", down="gone")

    page = text_of(lead.get(HISTORY))

    assert "1 problem in this script directory" in page
    assert "gone" in page and "orphan_orphan.py" in page and 'id="revision-r3"' in page


def test_several_heads_are_told_with_the_command_that_merges_them(lead: Client, site: ViewedSite) -> None:
    site.project.add("other", "pass", down="r1")

    page = text_of(lead.get(HISTORY))

    assert "2 heads" in page and "alembic merge heads" in page


def test_a_script_directory_that_is_gone_is_told(lead: Client, site: ViewedSite) -> None:
    site.project.config.write_text("[alembic]\nscript_location = %(here)s/elsewhere\n")

    answer = lead.get(HISTORY)

    assert answer.status_code == 200 and "cannot be read" in text_of(answer)
