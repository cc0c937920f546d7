"""The page on which a lead knows in five seconds what is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import Observation, Run
from tests.views.conftest import ViewedSite, text_of


def test_it_shows_every_environment_with_state_revision_and_distance(lead: Client) -> None:
    page = text_of(lead.get("/"))

    assert 'id="cell-api-staging"' in page and 'id="cell-api-production"' in page
    assert "pending 2" in page and "2 behind head" in page and "at head" in page
    assert "make r1" in page and "make r3" in page


def test_environments_stand_in_the_order_of_the_file(lead: Client) -> None:
    page = text_of(lead.get("/"))

    assert page.index("cell-api-staging") < page.index("cell-api-production")


def test_an_arrow_in_the_head_says_which_environment_the_next_one_requires(lead: Client, site: ViewedSite) -> None:
    assert "required by the next" not in text_of(lead.get("/"))
    site.configure('requires = ["staging"]')

    head = text_of(lead.get("/")).split("<thead", 1)[1].split("</thead>", 1)[0]

    assert head.count("required by the next") == 1 and head.index("required by") < head.index(">production")


def test_pending_alone_needs_no_attention(lead: Client) -> None:
    assert 'id="attention"' not in text_of(lead.get("/"))


def test_a_revision_that_the_script_directory_lacks_needs_attention(lead: Client, site: ViewedSite) -> None:
    site.set_rows("production", "elsewhere")
    site.observe()

    page = text_of(lead.get("/"))

    assert "1 thing needs attention" in page
    assert "foreign revision" in page and "elsewhere" in page and "distance unknown" in page


def test_a_database_that_cannot_be_read_is_never_shown_as_up_to_date(lead: Client, site: ViewedSite) -> None:
    (site.folder / "production.db").unlink()
    site.observe()

    page = text_of(lead.get("/"))
    cell = page[page.index('id="cell-api-production"') :]

    assert "unreachable (no database)" in cell and "distance unknown" in cell
    assert "<span>tried <time" in cell
    assert not (site.folder / "production.db").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "succeeded"}, "<span>run <time"),
        ({"outcome": "unchanged"}, "<span>run changed nothing <time"),
        ({"outcome": "refused", "cause": "error"}, "<span>run refused <time"),
        ({"outcome": "refused", "cause": "cancelled"}, "<span>run cancelled <time"),
        ({"outcome": "rolled_back"}, '<span class="run-bad">run failed <time'),
        ({"phase": "queued"}, "<span>run {pk} queued <time"),
        ({"phase": "running"}, "<span>run {pk} confirmed <time"),
    ],
)
def test_a_cell_says_what_became_of_the_last_run(
    lead: Client, site: ViewedSite, changes: dict[str, str], words: str
) -> None:
    run = site.confirm()
    settled = {"phase": "settled", "settled_at": timezone.now()} if "outcome" in changes else {}
    Run.objects.filter(pk=run.pk).update(**settled | changes)

    assert words.format(pk=run.pk) in text_of(lead.get("/"))


def test_what_was_asked_for_stands_above_what_needs_attention(lead: Client, site: ViewedSite) -> None:
    site.set_rows("staging", "elsewhere")
    site.observe()

    whole, narrowed = text_of(lead.get("/")), text_of(lead.get("/?state=pending"))

    assert whole.index('id="attention"') < whole.index('id="matrix"')
    assert narrowed.index('href="#attention"') < narrowed.index('id="matrix"') < narrowed.index('id="attention"')


def test_a_state_filters(lead: Client) -> None:
    page = text_of(lead.get("/?state=pending"))

    assert "The API / production" in page and "The API / staging" not in page


@pytest.mark.parametrize(("words", "found"), [("PROD", True), ("api prod", True), ("billing", False)])
def test_a_text_filters(lead: Client, words: str, found: bool) -> None:
    page = text_of(lead.get("/", {"q": words}))

    assert ("The API / production" in page) is found
    assert ("Show all 2" in page) is not found
    assert ("No environment matches “billing”." in page) is not found


def test_the_live_part_alone_is_answered_to_htmx_and_keeps_the_address(lead: Client) -> None:
    answer = lead.get("/?state=pending&part=matrix", headers={"HX-Request": "true"})

    assert b"<html" not in answer.content and b'id="matrix"' in answer.content
    assert answer["HX-Replace-Url"] == "/?state=pending"


def test_the_same_address_without_htmx_is_the_whole_page(lead: Client) -> None:
    assert b"<html" in lead.get("/?part=matrix").content


def test_many_environments_become_tiles_and_a_list_of_what_is_not_current(lead: Client, site: ViewedSite) -> None:
    more = "".join(f'[projects.api.environments.t{n}]\nurl = "sqlite:///t{n}.db"\n' for n in range(20))
    site.configure(more)
    for number in range(20):
        site.set_rows(f"t{number}", "r3")
    site.observe()

    page = text_of(lead.get("/"))

    assert page.count('class="tile state-current"') == 21
    assert "Not current" in page and "The API / production" in page
    assert "density=matrix" not in page


def test_beside_tiles_the_worst_stands_first(lead: Client, site: ViewedSite) -> None:
    site.set_rows("staging", "r1")
    site.set_rows("production", "elsewhere")
    site.observe()

    page = text_of(lead.get("/?density=tiles"))

    assert page.index(">The API / production</a>") < page.index(">The API / staging</a>")


def test_the_number_of_queries_does_not_grow_with_environments(lead: Client, site: ViewedSite) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            lead.get("/")
        return len(queries)

    few = count()
    site.configure("".join(f'[projects.api.environments.t{n}]\nurl = "sqlite:///t{n}.db"\n' for n in range(30)))
    site.observe()

    assert count() == few <= 13


def test_a_file_without_environments_says_what_to_write(lead: Client, site: ViewedSite, settings: object) -> None:
    (site.folder / "dashboard.toml").write_text("")
    lead.raise_request_exception = False

    answer = lead.get("/")

    assert answer.status_code == 500
    assert "dashboard.toml cannot be used" in text_of(answer) and "[projects." in text_of(answer)


HTMX = {"HX-Request": "true"}


def test_a_page_that_stays_open_says_that_the_file_broke_and_for_how_long(lead: Client, site: ViewedSite) -> None:
    stamp = stamp_of(lead)
    (site.folder / "dashboard.toml").write_text("[projects.api]\nnonsense = 1\n")

    answer = lead.get(f"/?part=matrix&seen={stamp}", headers=HTMX)
    assert answer.status_code == 200 and answer["HX-Reswap"] == "none"
    assert "dashboard.toml cannot be used since it was changed." in text_of(answer)
    assert 'hx-swap-oob="true"' in text_of(answer) and "<html" not in text_of(answer)
    assert lead.get("/?part=configuration", headers=HTMX).status_code == 204

    site.configure()
    assert "cannot be used" not in text_of(lead.get("/?part=configuration", headers=HTMX))
    shown_whole = lead.get("/?part=configuration", headers=HTMX | {"HX-Trigger": "misconfigured"})
    assert shown_whole["HX-Refresh"] == "true"


def test_a_search_of_any_length_is_cut_to_what_the_field_takes(lead: Client) -> None:
    page = text_of(lead.get("/", {"q": "x" * 5000}))

    assert f'value="{"x" * 200}"' in page and 'maxlength="200"' in page


def test_what_is_not_read_yet_is_counted_and_not_listed(lead: Client, site: ViewedSite) -> None:
    Observation.objects.all().delete()

    page = text_of(lead.get("/?density=tiles"))

    assert "No database has been read yet. If none is within 30 s, the observer is not running." in page
    assert "Not current" not in page and "first reading under way" in text_of(lead.get("/"))


def test_the_title_and_the_numbers_follow_the_project_that_is_chosen(lead: Client) -> None:
    part = text_of(lead.get("/?project=api&part=matrix", headers=HTMX))

    assert "Environments of <strong>The API</strong>" in part and 'id="summary" hx-swap-oob="true"' in part


def stamp_of(client: Client) -> str:
    return str(client.get("/").context["stamp"])


def poll(client: Client, stamp: str) -> int:
    return client.get(f"/?part=matrix&seen={stamp}", headers={"HX-Request": "true"}).status_code


def test_a_poll_of_an_unchanged_overview_is_answered_with_nothing(lead: Client, site: ViewedSite) -> None:
    stamp = stamp_of(lead)

    assert poll(lead, stamp) == 204
    assert lead.get(f"/?part=matrix&seen={stamp}").status_code == 200


def test_a_reading_a_run_a_file_or_the_configuration_ends_that(lead: Client, site: ViewedSite) -> None:
    changes = (
        site.observe,
        site.confirm,
        lambda: site.project.add_tables(4),
        lambda: site.configure('stale_after = "1h"'),
    )
    for change in changes:
        stamp = stamp_of(lead)
        change()
        assert poll(lead, stamp) == 200


def test_time_alone_ends_it_when_a_reading_becomes_stale(lead: Client, site: ViewedSite) -> None:
    stamp = stamp_of(lead)
    later = timezone.now() + timedelta(minutes=10, seconds=5)

    with time_machine.travel(later, tick=False):
        assert poll(lead, stamp) == 200
        assert "stale, seen" in text_of(lead.get("/"))


def test_a_project_narrows_the_matrix_and_stays_in_every_filters_address(lead: Client, site: ViewedSite) -> None:
    page = text_of(lead.get("/?project=api&density=tiles"))

    assert "/?project=api&amp;state=pending&amp;density=tiles" in page
    assert '<a class="tile' in page
    assert lead.get("/?project=nonsense").context["overview"].total == 2


def test_of_many_tiles_those_of_the_promotion_order_carry_their_names(lead: Client, site: ViewedSite) -> None:
    more = "".join(f'[projects.api.environments.t{n}]\nurl = "sqlite:///t{n}.db"\n' for n in range(20))
    site.configure(f'requires = ["staging"]\n{more}')

    (row,) = lead.get("/").context["overview"].rows

    assert [cell.name for cell in row.named] == ["staging", "production"]
    assert [cell.name for cell in row.unnamed] == [f"t{n}" for n in range(20)]
