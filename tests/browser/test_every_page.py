"""Every link as every role: none is dead, no page errs, none shuts anybody out, none scrolls sideways.

One product serves the whole module, which people have used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import SQLITE_TOML, copy_product, started
from tests.browser.product import Product
from tests.browser.tour import ROLES, Tour, look_at_all, sign_in_all, walk_all


@pytest.fixture(scope="module")
def played(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product, on which an operator has upgraded staging and planned production."""
    made = copy_product(prepared, tmp_path_factory.mktemp("every_page"), SQLITE_TOML)
    with started(made, "web", "worker", "observer") as product:
        yield product


@pytest.fixture(scope="module")
def people(played: Product, chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Each role's session; the operator has left something to see."""
    contexts = sign_in_all(chromium, played)
    leave_traces(contexts["operator"].new_page(), played)
    yield contexts
    for context in contexts.values():
        context.close()


def leave_traces(page: Page, product: Product) -> None:
    staging = f"{product.url}/projects/api/environments/staging"
    page.goto(f"{staging}/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.get_by_role("button", name="Take a new backup now").click()
    page.fill("#typed", "staging", timeout=30_000)
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()
    page.locator("#outcome-title").wait_for(timeout=30_000)
    page.goto(f"{product.url}/projects/api/environments/production/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.wait_for_url("**/production/plan/")


@pytest.fixture(scope="module")
def tours(played: Product, people: dict[str, BrowserContext]) -> dict[str, Tour]:
    """Each role's, walked."""
    return walk_all(played, people)


@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_dead_and_none_needs_a_script_for_any_role(tours: dict[str, Tour], role: str) -> None:
    assert tours[role].problems == []
    kinds = {kind for kind, _shape in tours[role].opened}
    assert kinds >= {"overview ", "environment ", "history ", "revision ", "plan ", "run ", "runs ", "backup ", "backups ",
                     "compare ", "audit ", "help "}  # fmt: skip


def test_no_page_errs_shuts_anybody_out_or_scrolls_sideways(
    played: Product, people: dict[str, BrowserContext], tours: dict[str, Tour]
) -> None:
    seen: set[str] = set()
    problems = [
        f"as {role}: {problem}"
        for role, context in people.items()
        for problem in look_at_all(context, played, [(k, a) for (k, _), a in tours[role].opened.items()], seen)
    ]

    assert not problems, "\n".join(problems)
