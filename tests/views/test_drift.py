"""Drift on the environment's page, on the overview and in the API; asking for a comparison."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.models import DriftCheck, Run
from dashboard.usecases.check_drift import check_drift_now
from tests.usecases.conftest import ENV_URL
from tests.views.conftest import SignIn, ViewedSite, text_of

STAGING = "/projects/api/environments/staging/"
DRIFT = f"{STAGING}drift/"
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("invoices", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def compared(developer: Client, site: ViewedSite) -> None:
    """Staging is at the head by its row alone; it has none of the tables."""
    developer.post(DRIFT)
    for check in DriftCheck.objects.filter(state=DriftCheck.State.QUEUED):
        check_drift_now(check_id=check.pk)


def test_a_developer_has_it_compared_and_the_page_shows_how_it_comes_along(developer: Client, site: ViewedSite) -> None:
    assert "has not been compared yet" in text_of(developer.get(STAGING))

    answer = developer.post(DRIFT)

    assert answer.headers["Location"] == f"{STAGING}#drift"
    assert sorted(DriftCheck.objects.values_list("kind", "state")) == [("models", "queued"), ("revisions", "queued")]
    page = text_of(developer.get(STAGING))
    assert "Waits for a worker." in page and f'hx-get="{STAGING}?part=drift&amp;seen=' in page
    assert developer.get(f"{STAGING}?part=drift", headers={"HX-Request": "true"}).status_code == 200
    version = developer.get(STAGING).context["version"]
    unchanged = developer.get(f"{STAGING}?part=drift&seen={version}", headers={"HX-Request": "true"})
    assert unchanged.status_code == 204
    assert "Nothing was compared. The schema is being compared already." in text_of(developer.post(DRIFT, follow=True))


@pytest.mark.usefixtures("compared")
def test_at_the_head_with_a_wrong_schema_is_said_everywhere(lead: Client, site: ViewedSite) -> None:
    page = text_of(lead.get(STAGING))
    overview = text_of(lead.get("/"))

    assert "The table t1 is missing: the revisions make it, the database does not have it." in page
    assert "op.create_table(&#x27;t1&#x27;" in page and "op.drop_table(&#x27;t1&#x27;" in page
    assert "target_metadata is None" in page, "why the models could not be compared"
    assert "Compare the schema now" not in page
    assert "at the head, but its schema is not what it should be: 3 differences." in overview
    assert overview.count("drift 3") >= 2
    assert "The API / staging" in text_of(lead.get("/?state=drift"))
    status = lead.get("/api/v1/projects/api/environments/staging/status").json()["projects"][0]["environments"][0]
    assert [(d["kind"], d["state"], d["differences"]) for d in status["drift"]] == [
        ("revisions", "done", 3),
        ("models", "failed", None),
    ]
    document = lead.get("/api/v1/projects/api/environments/staging/drift").json()
    assert [o["operation"] for o in document["comparisons"][0]["operations"]] == ["create_table"] * 3
    assert lead.get(f"{STAGING}?part=drift", headers={"HX-Request": "true"}).status_code == 286


def test_of_many_differences_five_are_open_and_the_others_one_click_away(developer: Client, site: ViewedSite) -> None:
    site.project.add_tables(4, 5, 6, 7)
    site.set_rows("staging", "r7")
    site.observe()
    developer.post(DRIFT)
    for check in DriftCheck.objects.filter(state=DriftCheck.State.QUEUED):
        check_drift_now(check_id=check.pk)

    page = text_of(developer.get(STAGING))

    folded = page[page.index("Show 2 more</summary>") :]
    assert (
        folded[: folded.index("Models against the database")].count("is missing: the revisions make it") == 4
    )  # seen and spoken
    assert page.count("is missing: the revisions make it") == 14


@pytest.mark.usefixtures("compared")
def test_its_mark_stands_beside_the_state_in_header_and_navigation(lead: Client, site: ViewedSite) -> None:
    page = text_of(lead.get(STAGING))

    header = page[page.index('<header class="page-header">') : page.index('<dl class="headline"')]
    assert ">current</span>" in header and ">drift 3</span>" in header and 'href="#drift"' in header
    for start, end in (('id="nav-sidebar"', "</nav>"), ('class="small-menu"', "</details>")):
        navigation = page[page.index(start) :]
        assert navigation[: navigation.index(end)].count("drift 3</span>") == 1
    production = text_of(lead.get("/projects/api/environments/production/"))
    assert (
        "drift"
        not in production[production.index('<header class="page-header">') : production.index('<dl class="headline"')]
    )


@pytest.mark.usefixtures("compared")
def test_a_result_from_before_a_change_is_out_of_date(lead: Client, site: ViewedSite) -> None:
    site.set_rows("staging", "r2")
    site.observe()

    page = text_of(lead.get(STAGING))
    assert "Out of date:</span> The database was at r3 then. Compare again." in page
    assert 'class="differences differences-past"' in page and "The table t1 is missing" in page
    assert (
        "Missing: run the operation shown." not in page
        and "op.create_table" not in page
        and "op.drop_table" not in page
    )
    assert "drift 3" not in text_of(lead.get("/"))


def test_where_the_models_differ_a_revision_is_one_click_away_for_who_may_create_one(
    developer: Client, lead: Client, site: ViewedSite
) -> None:
    site.project.write_env(extra=f"{ENV_URL}\n{MODELS}", options="target_metadata=metadata")
    developer.post(DRIFT)
    for check in DriftCheck.objects.filter(state=DriftCheck.State.QUEUED):
        check_drift_now(check_id=check.pk)

    page, leads = text_of(developer.get(STAGING)), text_of(lead.get(STAGING))

    link = 'href="/projects/api/new-revision/?kind=autogenerate&amp;environment=staging"'
    assert "Write a revision that brings the database to the models" in page and link in page
    assert "Write a revision that brings" in leads and link not in leads
    form = text_of(developer.get("/projects/api/new-revision/?kind=autogenerate&environment=staging"))
    assert 'value="staging" required checked' in form


def test_while_a_run_is_live_nothing_is_compared(operator: Client, site: ViewedSite) -> None:
    site.confirm()

    page = text_of(operator.post("/projects/api/environments/production/drift/", follow=True))

    assert "A run is under way, and what it changes is no drift." in page
    assert "It can be compared once the run has settled" in page
    assert not DriftCheck.objects.exists() and Run.objects.count() == 1


def test_who_may_not_plan_is_refused_and_get_asks_for_nothing(
    lead: Client, developer: Client, sign_in: SignIn, site: ViewedSite
) -> None:
    assert lead.post(DRIFT).status_code == 403
    assert sign_in("nobody").post(DRIFT).status_code == 403
    assert developer.get(DRIFT).status_code == 405
    assert developer.post("/projects/api/environments/elsewhere/drift/").status_code == 404
    assert not DriftCheck.objects.exists()
