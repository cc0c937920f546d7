"""The page of altered revisions, and the line in the attention list that leads to it."""

from __future__ import annotations

from django.test import Client

from tests.views.conftest import SignIn, ViewedSite, text_of

ADDRESS = "/projects/api/altered/"


def edit(site: ViewedSite) -> None:
    """r1 is edited after both environments got it."""
    (path,) = site.project.directory.glob("alembic/versions/r1_*.py")
    path.write_text(path.read_text() + "\n# <later>\n")


def test_nothing_is_said_where_nothing_was_altered(site: ViewedSite, lead: Client) -> None:
    assert "Every applied revision still has the file" in text_of(lead.get(ADDRESS))
    assert "Show what changed" not in text_of(lead.get("/"))


def test_an_edited_revision_needs_attention(site: ViewedSite, lead: Client) -> None:
    edit(site)

    overview, page = text_of(lead.get("/")), text_of(lead.get(ADDRESS))

    assert "revision r1 was edited after staging and production got it" in overview and ADDRESS in overview
    assert "Applied on <strong>staging and production</strong>" in page
    assert "write what the edit is for as a new revision" in page
    assert "No commit of the repository has the file as it was applied" in page


def test_a_deleted_revision_is_shown_without_a_link(site: ViewedSite, lead: Client) -> None:
    (path,) = site.project.directory.glob("alembic/versions/r3_*.py")
    path.unlink()

    page = text_of(lead.get(ADDRESS))

    assert "deleted" in page and "Bring the file back" in page
    assert "/revisions/r3/" not in page


def test_it_needs_permission(site: ViewedSite, sign_in: SignIn) -> None:
    assert sign_in("nobody").get(ADDRESS).status_code == 403
    assert sign_in("developer").post(ADDRESS).status_code == 405
