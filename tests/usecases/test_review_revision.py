"""Review: a mark holds for the bytes that were read, and an environment may ask for it."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from dashboard.gate.conditions import is_open
from dashboard.models import Review
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.confirm_plan import ConfirmationRefused, confirm_plan
from dashboard.usecases.read_history import read_history
from dashboard.usecases.review_revision import ReviewRefused, read_review, review_revision
from tests.usecases.site import Site, make_person


def review(site: Site, revision: str, sha256: str = "") -> Review:
    """By the operator, of the file as it is now."""
    api = configuration().project("api")
    record = read_history(api).graph.records.get(revision)
    shown = sha256 or (record.sha256 if record else "")
    return review_revision(user=site.operator, project=api, record=record, sha256=shown)


def unmet(site: Site) -> list[str]:
    """What the gate misses of a new plan with a good backup."""
    plan = site.plan()
    site.back_up()
    return [condition.words for condition in site.review(plan).conditions if not condition.met]


def edit(site: Site, revision: str) -> None:
    (path,) = site.project.directory.glob(f"alembic/versions/{revision}_*.py")
    path.write_text(path.read_text() + "\n# later\n")


def test_an_environment_that_asks_for_reviews_lists_what_is_unreviewed(sqlite_site: Site) -> None:
    sqlite_site.configure("requires_review = true")
    review(sqlite_site, "r2")

    (missing,) = unmet(sqlite_site)

    assert missing == "Not reviewed: r3."


def test_a_run_starts_once_every_file_is_reviewed(sqlite_site: Site) -> None:
    sqlite_site.configure("requires_review = true")
    plan = sqlite_site.plan()
    sqlite_site.back_up()
    token = sqlite_site.review(plan).token
    assert token == ""

    review(sqlite_site, "r2")
    review(sqlite_site, "r3")

    assert is_open(sqlite_site.review(plan).conditions)
    assert sqlite_site.execute(sqlite_site.confirm(plan)).outcome == "succeeded"


def test_a_mark_that_was_void_before_the_confirmation_closes_the_gate(sqlite_site: Site) -> None:
    sqlite_site.configure("requires_review = true")
    marks = [review(sqlite_site, "r2"), review(sqlite_site, "r3")]
    plan = sqlite_site.plan()
    sqlite_site.back_up()
    token = sqlite_site.review(plan).token
    marks[1].delete()

    with pytest.raises(ConfirmationRefused, match="Not reviewed"):
        confirm_plan(user=sqlite_site.operator, token=token, typed="production")


def test_an_edit_voids_the_mark(sqlite_site: Site) -> None:
    sqlite_site.configure("requires_review = true")
    review(sqlite_site, "r2")
    review(sqlite_site, "r3")
    edit(sqlite_site, "r3")
    api = configuration().project("api")

    standing = read_review(project=api, record=read_history(api).graph.records["r3"])

    assert standing.review is None and standing.is_void
    assert unmet(sqlite_site) == ["Not reviewed: r3."]


def test_only_what_was_shown_is_marked(sqlite_site: Site) -> None:
    record = read_history(configuration().project("api")).graph.records["r2"]
    edit(sqlite_site, "r2")

    with pytest.raises(ReviewRefused, match="has changed since it was shown"):
        review(sqlite_site, "r2", record.sha256)
    with pytest.raises(ReviewRefused, match="no such revision"):
        review(sqlite_site, "nowhere")
    assert not Review.objects.exists()


def test_a_second_mark_keeps_the_first(sqlite_site: Site) -> None:
    first = review(sqlite_site, "r2")

    assert review(sqlite_site, "r2") == first


def test_a_lead_may_not_review(sqlite_site: Site) -> None:
    api = configuration().project("api")
    record = read_history(api).graph.records["r2"]

    with pytest.raises(PermissionDenied):
        review_revision(user=make_person("lead"), project=api, record=record, sha256=record.sha256)


def test_without_the_key_nothing_is_asked(sqlite_site: Site) -> None:
    assert unmet(sqlite_site) == []
