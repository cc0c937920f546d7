"""The graph and the environments in one look."""

from __future__ import annotations

from django.test import Client

from tests.views.conftest import ViewedSite, text_of

HISTORY = "/projects/api/history/"


def test_revisions_stand_newest_first_with_their_environments(lead: Client) -> None:
    page = text_of(lead.get(HISTORY))

    assert page.index("revision-r3") < page.index("revision-r2") < page.index("revision-r1")
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


def test_a_long_history_comes_in_parts(lead: Client, site: ViewedSite) -> None:
    for number in range(4, 260):
        site.project.add(f"r{number}", "pass")

    first = text_of(lead.get(HISTORY))
    second = text_of(lead.get(f"{HISTORY}?after=r60"))

    assert "after=r60" in first and 'id="revision-r60"' in first and 'id="revision-r59"' not in first
    assert 'id="revision-r59"' in second and 'id="revision-r60"' not in second and "259 of 259" in second


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
