"""What others wrote (docstrings, labels, file names, logs) is shown and never acts."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import RunLogLine
from tests.views.conftest import ViewedSite

EVIL = '<script>alert(1)</script><b hx-post="/observations/" hx-trigger="load">x</b>'
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def poisoned(site: ViewedSite) -> ViewedSite:
    """Docstring, label, file name and depends_on of r4 are hostile, and so is a row of staging."""
    path = site.project.add("r4", "pass", message="evil")
    text = path.read_text().replace("evil\n", f"{EVIL}\n", 1)
    text = text.replace("branch_labels = None", f"branch_labels = ({EVIL!r},)")
    path.unlink()
    (path.parent / "r4_<img src=x onerror=alert(1)> hx-post=.py").write_text(text)
    site.set_rows("staging", EVIL)
    site.observe()
    return site


@pytest.mark.fault(55)
@pytest.mark.parametrize(
    "page",
    ["/", "/?state=foreign_revision", "/projects/api/history/", "/projects/api/revisions/r4/",
     "/projects/api/environments/production/", "/projects/api/environments/staging/",
     "/projects/api/environments/production/plan/"],
)  # fmt: skip
def test_foreign_text_is_inert(operator: Client, poisoned: ViewedSite, page: str) -> None:
    poisoned.plan()

    html = operator.get(page).content.decode()

    assert ESCAPED in html
    assert "<script>alert" not in html and "<img src=x" not in html
    assert not re.search(r"<b hx-post", html)


@pytest.mark.fault(55)
def test_a_log_is_inert(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()
    RunLogLine.objects.create(run=run, number=1, kind="output", text=EVIL)

    for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/?part=live&after=0"):
        html = operator.get(address, headers={"HX-Request": "true"}).content.decode()
        assert ESCAPED in html and "<script>alert" not in html


@pytest.mark.fault(55)
def test_what_is_typed_into_a_filter_is_inert(operator: Client, site: ViewedSite) -> None:
    for address in ("/", "/projects/api/history/", "/runs/"):
        html = operator.get(address, {"q": EVIL, "state": EVIL, "project": EVIL, "environment": EVIL}).content.decode()
        assert "<script>alert" not in html and "<b hx-post" not in html


def test_no_page_has_script_or_style_of_its_own(operator: Client, site: ViewedSite) -> None:
    run = site.confirm()
    pages = [
        "/",
        "/?density=tiles",
        "/help/",
        "/runs/",
        "/backups/",
        "/audit/",
        "/password/",
        reverse("run", args=[run.pk]),
    ]
    pages += [reverse(name, args=["api", "production"]) for name in ("environment", "plan")]

    for page in pages:
        answer = operator.get(page)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), page
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|https?://(?!www\.w3\.org)", html), page
