"""The sidebar: every environment of few, of many those that somebody must look at."""

from __future__ import annotations

import sys

from django.test import Client

from dashboard.models import Run
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
    assert shown.index(">t19</a>") < shown.index('<a href="/?project=api">9 more</a>')


def test_all_that_fit_are_followed_by_no_number_of_more(lead: Client) -> None:
    assert " more</a>" not in sidebar(lead, "/projects/api/history/")


def test_the_only_environment_of_a_project_is_named_however_many_others_there_are(
    lead: Client, site: ViewedSite
) -> None:
    add_tenants(site, 30)
    with (site.folder / "dashboard.toml").open("a") as file:
        file.write(
            f'[projects.alone]\ndirectory = "{site.project.directory}"\npython = "{sys.executable}"\n'
            '[projects.alone.environments.only]\nurl = "sqlite:///alone.db"\n'
        )

    assert '<a href="/projects/alone/environments/only/">only</a>' in sidebar(lead, "/")


def test_no_number_of_pending_revisions_stands_beside_the_glyph_of_a_run(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    waiting = sidebar(lead, "/")
    Run.objects.filter(pk=run.pk).update(phase=Run.Phase.RUNNING)

    assert '<span class="visually-hidden">pending 2</span>2</span>' in waiting
    assert f'<span class="visually-hidden">run {run.pk} is running</span></span>' in sidebar(lead, "/")


def test_the_one_at_hand_is_listed_however_it_is(lead: Client, site: ViewedSite) -> None:
    add_tenants(site, 20)

    assert 'aria-current="page">staging</a>' in sidebar(lead, "/projects/api/environments/staging/")


def test_a_folded_project_counts_those_that_are_as_bad_as_its_worst(lead: Client, site: ViewedSite) -> None:
    add_tenants(site, 30)

    shown = sidebar(lead, "/")

    assert ">t0</a>" not in shown
    assert '<span class="visually-hidden">unreachable (no database)</span>2</span>' in shown
