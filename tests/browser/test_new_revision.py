"""A developer gets from two heads to a reviewed merge, and from changed models to a revision, without a shell."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.product import Product

SignIn = Callable[..., Page]
pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)
HEAD = "87d1e0a4c36f"
SECONDS = 15_000


def make_writable(product: Product) -> None:
    toml = product.directory / "dashboard.toml"
    toml.write_text(toml.read_text().replace("[projects.api]\n", "[projects.api]\nwritable = true\n", 1))


def branch_off(product: Product, revision: str, message: str) -> None:
    """A revision after the demo's head, as a colleague's branch brings it."""
    product.alembic(
        "development", "revision", "-m", message, "--head", HEAD, "--splice", "--rev-id", revision
    )  # fmt: skip


def version_files(product: Product) -> set[Path]:
    return set((product.directory / "api" / "alembic" / "versions").glob("*.py"))


def violations(page: Page) -> list[str]:
    """What axe finds in the page, light and dark; and whether it scrolls sideways on a phone or a tablet."""
    found: list[str] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.reload()
        found += page.evaluate("() => axe.run().then((r) => r.violations.map((v) => v.id + v.nodes[0].html))")
    for width in (390, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"scrolls sideways at {width}")
    return found


def test_from_two_heads_to_a_reviewed_merge_revision(product: Product, sign_in: SignIn) -> None:
    make_writable(product)
    branch_off(product, "aaaa00000001", "mine")
    branch_off(product, "bbbb00000002", "theirs")
    git = ["git", "-C", str(product.directory), "-c", "user.name=dev", "-c", "user.email=dev@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "api"], ["commit", "-q", "-m", "merge their branch"]):
        subprocess.run([*git, *command], check=True)
    before = version_files(product)
    page = sign_in("developer")
    page.context.add_init_script(AXE_SCRIPT)

    page.goto(f"{product.url}/projects/api/branches/")
    expect(page.get_by_text("The work tree has several heads.")).to_be_visible()
    page.get_by_role("link", name="New merge revision").click()
    expect(page.locator("#merge input:checked")).to_have_count(2)
    assert violations(page) == []
    page.fill("#merge-message", "Merge their branch")
    page.get_by_role("button", name="Show the merge revision").click()
    expect(page.locator(".new-lines")).to_contain_text("'aaaa00000001', 'bbbb00000002'", timeout=SECONDS)
    assert version_files(product) == before
    assert violations(page) == []
    page.get_by_role("button", name="Write this file").click()
    expect(page.locator("#proposal-body")).to_contain_text("is in the work tree")
    assert violations(page) == []
    expect(page.locator(".command", has_text="git add")).to_contain_text("merge_their_branch.py")
    page.get_by_role("link", name="Open the revision to mark it as reviewed").click()
    page.get_by_role("button", name="Mark this file as reviewed").click()

    expect(page.locator("#review")).to_contain_text("Reviewed by developer")
    page.goto(f"{product.url}/projects/api/history/")
    expect(page.locator(".page-subtitle").first).to_contain_text("1 head,")
    (written,) = version_files(product) - before
    assert product.alembic("development", "heads").split()[0] in written.read_text()


def test_models_become_a_revision_without_a_script_in_the_page(product: Product, sign_in: SignIn) -> None:
    make_writable(product)
    users = product.directory / "api" / "app" / "models" / "users.py"
    text, times = re.subn(
        r"(\n    full_name: )", r"\n    nickname: Mapped[str | None] = mapped_column(String(40))\1", users.read_text()
    )
    assert times == 1
    users.write_text(text)
    before = version_files(product)
    page = sign_in("developer", scripts=False)

    page.goto(f"{product.url}/projects/api/history/")
    page.get_by_role("link", name="New revision").click()
    page.check("input[value=development]")
    page.fill("#autogenerate-message", "Give users a nickname")
    page.get_by_role("button", name="Compare, and show the revision").click()
    for _ in range(40):
        if page.get_by_role("button", name="Write this file").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator(".differences")).to_contain_text(
        "The models have the column users.nickname, the database has not."
    )
    page.get_by_role("button", name="Write this file").click()

    expect(page.locator("#proposal-body")).to_contain_text("Keep the model change and this file together")
    (written,) = version_files(product) - before
    assert "nickname" in written.read_text()
