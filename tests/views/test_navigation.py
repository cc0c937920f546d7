"""The sidebar: every environment of few, of many those that somebody must look at."""

from __future__ import annotations

from django.test import Client

from tests.views.conftest import ViewedSite, text_of


def add_tenants(site: ViewedSite, number: int) -> None:
    """t0, t1 ... are pending, and the last two cannot be read."""
    site.configure("".join(f'[projects.api.environments.t{n}]\nurl = "sqlite:///t{n}.db"\n' for n in range(number)))
    for tenant in range(number - 2):
        site.set_rows(f"t{tenant}", "r1")
    site.observe()


def sidebar(client: Client, address: str) -> str:
    page = text_of(client.get(address))
    start = page.index('id="nav-sidebar"')
    return page[start : page.index("</nav>", start)]


def test_of_many_the_worst_are_listed_in_the_order_of_the_file(lead: Client, site: ViewedSite) -> None:
    add_tenants(site, 20)

    shown = sidebar(lead, "/projects/api/history/")

    assert "All 22 environments" in shown and ">t15</a>" not in shown
    assert shown.index(">t0</a>") < shown.index(">t18</a>") < shown.index(">t19</a>")


def test_the_one_at_hand_is_listed_however_it_is(lead: Client, site: ViewedSite) -> None:
    add_tenants(site, 20)

    assert 'aria-current="page">staging</a>' in sidebar(lead, "/projects/api/environments/staging/")


def test_a_folded_project_counts_those_that_are_as_bad_as_its_worst(lead: Client, site: ViewedSite) -> None:
    add_tenants(site, 30)

    shown = sidebar(lead, "/")

    assert ">t0</a>" not in shown
    assert '<span class="visually-hidden">unreachable (no database)</span>2</span>' in shown
