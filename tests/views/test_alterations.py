"""The page of altered revisions, and the line in the attention list that leads to it."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from dashboard.models import AppliedFile, Review
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
    revision = text_of(lead.get("/projects/api/revisions/r1/"))
    assert "Edited after staging and production had it." in revision and "Edited after" not in text_of(
        lead.get("/projects/api/revisions/r2/")
    )
    assert "Applied on <strong>staging and production</strong>" in page
    assert "write what the edit is for as a new revision" in page
    assert "No commit of the repository has the file as it was applied" in page


def test_of_many_environments_that_had_the_file_the_number_is_told_and_the_first_ones(
    site: ViewedSite, lead: Client
) -> None:
    more = (f'[projects.api.environments.copy{n}]\nurl = "sqlite:///copy{n}.db"\n' for n in range(4))
    site.configure("\n".join(more))
    for n in range(4):
        site.set_rows(f"copy{n}", "r1")
    site.observe()
    edit(site)

    page, overview = text_of(lead.get("/projects/api/revisions/r1/")), text_of(lead.get("/"))

    names = "staging, production, copy0, copy1 and 2 more."
    assert f"Edited after 6 environments had it: {names}" in page
    assert f"6 environments got revision r1 before it was edited: {names}" in overview


def test_a_deleted_revision_is_shown_without_a_link(site: ViewedSite, lead: Client) -> None:
    (path,) = site.project.directory.glob("alembic/versions/r3_*.py")
    path.unlink()

    page = text_of(lead.get(ADDRESS))

    assert "deleted" in page and "Bring the file back" in page
    assert "/revisions/r3/" not in page


def test_it_needs_permission(site: ViewedSite, sign_in: SignIn) -> None:
    assert sign_in("nobody").get(ADDRESS).status_code == 403
    assert sign_in("developer").post(ADDRESS).status_code == 405


def test_an_environment_that_nobody_upgraded_for_long_needs_attention(site: ViewedSite, lead: Client) -> None:
    site.configure('upgrade_within = "14d"')
    AppliedFile.objects.filter(environment="production").update(first_seen_at=timezone.now() - timedelta(days=20))

    page = text_of(lead.get("/"))

    assert "nobody upgraded it for 20 days; 2 revisions pending." in page
    AppliedFile.objects.filter(environment="production").update(first_seen_at=timezone.now() - timedelta(days=13))
    assert "nobody upgraded it" not in text_of(lead.get("/"))


def test_a_developer_marks_a_file_as_reviewed_on_its_page(site: ViewedSite, sign_in: SignIn) -> None:
    client = sign_in("developer")
    page = client.get("/projects/api/revisions/r2/")
    record = page.context["record"]
    assert "Mark this file as reviewed" in text_of(page)

    answer = client.post("/projects/api/reviews/", {"revision": "r2", "sha256": record.sha256}, follow=True)

    assert "Reviewed by <strong>developer</strong>" in text_of(answer)
    assert "Mark this file as reviewed" not in text_of(answer)


def test_a_review_leads_to_the_next_file_and_back_to_the_plan_that_asked(site: ViewedSite, sign_in: SignIn) -> None:
    client, back = sign_in("developer"), 'href="/projects/api/environments/production/plan/"'
    assert back not in text_of(client.get("/projects/api/revisions/r2/"))
    site.configure("requires_review = true")
    site.plan()

    pages = []
    for revision in ("r2", "r3"):
        record = client.get(f"/projects/api/revisions/{revision}/").context["record"]
        form = {"revision": revision, "sha256": record.sha256}
        pages.append(text_of(client.post("/projects/api/reviews/", form, follow=True)))

    assert back in pages[0] and 'href="/projects/api/revisions/r3/#review"' in pages[0]
    assert back in pages[1] and "which is not reviewed" not in pages[1]
    assert back not in text_of(client.get("/projects/api/revisions/r1/"))


def test_a_file_that_changed_since_it_was_shown_is_not_marked(site: ViewedSite, sign_in: SignIn) -> None:
    answer = sign_in("operator").post("/projects/api/reviews/", {"revision": "r2", "sha256": "0" * 64}, follow=True)

    assert "It was not marked as reviewed." in text_of(answer) and not Review.objects.exists()


def test_a_lead_reads_the_mark_and_makes_none(site: ViewedSite, lead: Client) -> None:
    page = lead.get("/projects/api/revisions/r2/")

    assert "Nobody has marked this file as reviewed." in text_of(page) and "Mark this file" not in text_of(page)
    assert lead.post("/projects/api/reviews/", {"revision": "r2"}).status_code == 403
    assert lead.get("/projects/api/reviews/").status_code == 405
