"""Every state, outcome, gate and verdict: no link is dead, no page errs, none shuts anybody out, none scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.product import Product
from tests.browser.tour import ROLES, Tour, look_at_all, sign_in_all, walk_all

SHAPED = re.compile(r"\b(?:outcome|gate|rung|verdict|flagged|contention|badge state)-[a-z]+")
KINDS = {"run ", "plan ", "backup ", "environment ", "compare right"}
"""Of these each shape is looked at."""
ALONE = {"overview ", "history environment", "revision ", "branches ", "alterations "}
"""Of these one page: here they show what the demo's do not. All others test_every_page looks at."""


def shape_of(kind: str, html: str) -> str:
    """Which of our parts a page shows, in which states."""
    if kind not in KINDS:
        return ""
    content = html.partition('id="content"')[2]
    return " ".join(sorted(set(SHAPED.findall(" ".join(re.findall(r'class="([^"]*)"', content))))))


@pytest.fixture(scope="module")
def people(gallery: Product, chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    contexts = sign_in_all(chromium, gallery)
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module")
def tours(gallery: Product, people: dict[str, BrowserContext]) -> dict[str, Tour]:
    return walk_all(gallery, people, shape_of)


@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_dead_and_none_needs_a_script(tours: dict[str, Tour], role: str) -> None:
    assert tours[role].problems == []


def test_the_gallery_holds_every_outcome_gate_and_verdict(tours: dict[str, Tour]) -> None:
    shapes = " ".join(f"{kind}: {shape}" for kind, shape in tours["operator"].opened)

    for word in (
        "outcome-good",
        "outcome-bad",
        "outcome-calm",
        "gate-closed",
        "gate-working",
        "gate-passed",
        "rung-working",
        "badge state-drift",
    ):
        assert word in shapes
    for kind in ("branches ", "alterations ", "compare ", "plan ", "run ", "backup "):
        assert any(found == kind for found, _shape in tours["operator"].opened)


def test_no_page_errs_shuts_anybody_out_or_scrolls_sideways(
    gallery: Product, people: dict[str, BrowserContext], tours: dict[str, Tour]
) -> None:
    opened = tours["operator"].opened.items()
    found = [(kind, address) for (kind, _shape), address in opened if kind in KINDS | ALONE]

    problems = look_at_all(people["operator"], gallery, found, set())

    assert not problems, "\n".join(problems)


def test_no_title_is_that_of_another_kind_of_page(tours: dict[str, Tour]) -> None:
    assert {title: views for title, views in tours["operator"].titled.items() if len(views) > 1} == {}


def test_nobody_is_offered_a_form_that_answers_that_they_may_not(
    gallery: Product, people: dict[str, BrowserContext], tours: dict[str, Tour]
) -> None:
    """The last one here: it changes what the gallery shows."""
    refused = []
    for role, tour in tours.items():
        token = next(c["value"] for c in people[role].cookies() if c["name"] == "csrftoken")
        for view, (action, sent) in tour.forms.items():
            answer = people[role].request.post(
                f"{gallery.url}{action}", form=sent | {"csrfmiddlewaretoken": token}, max_redirects=0
            )
            if answer.status in {403, 404, 405}:
                refused.append(f"{role}: {view} answers {answer.status}")

    assert refused == []
    assert tours["lead"].forms.keys() < tours["developer"].forms.keys() < tours["operator"].forms.keys()
