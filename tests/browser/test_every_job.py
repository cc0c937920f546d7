"""Every job of every role by the keyboard alone and without JavaScript: each ends where its result is told.

On one gallery, where nobody works off what is asked for: what is seen is that it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gallery import BEHIND, HEAD, REVISIONS, list_numbered
from tests.browser.keys import go_to_content, tab_to, type_into
from tests.browser.product import Product
from tests.browser.tour import sign_in_all
from tests.browser.watch import Watch

SHOP = "/projects/shop"
ENV = f"{SHOP}/environments"
FIRST = REVISIONS[0][0]


@dataclass(frozen=True)
class Job:
    """From `page`, an address or one of list_numbered, to the control that says `press`; `told` is what the page it leads to says then.

    `opens`: a summary to be opened before. `fields`: id -> what is typed into it (see type_into), in the order of the page.
    """

    role: str
    page: str
    press: str
    told: str
    opens: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    at: str = ""
    """The id of the part that tells; empty: the page."""


JOBS = {
    "find an environment": Job("lead", "/", "^Show these environments", "Shop / budget", fields={"filter": "budg"}),
    "filter by state": Job("lead", "/", "^inconsistent", "Shop / inconsistent"),
    "have all databases read": Job("lead", "/", "^Read all databases now", "All databases are being read"),
    "have one database read": Job("lead", f"{ENV}/pending/", "^Read this database now", "pending is being read"),
    "search a history": Job(
        "lead", f"{SHOP}/history/", "^Show these revisions", "1 of 1 revision shown, of 6", fields={"q": "track"}
    ),
    "filter a history": Job(
        "lead", f"{SHOP}/history/?environment=pending", "^Show these revisions", "3 of 3 revisions shown, of 6",
        fields={"show": "pend"},
    ),
    "read a ref": Job("lead", f"{SHOP}/history/", "^Read this ref", "at feature/tax", fields={"ref": "feature/tax"}),
    "read a revision": Job("lead", f"{SHOP}/history/", f"^{FIRST}", "def upgrade"),
    "compare": Job("lead", f"{SHOP}/compare/", "^Compare both sides", "Add invoices", fields={"right": "feature/i"}),
    "judge a branch": Job("lead", f"{SHOP}/branches/", "^conflict", "conflicting"),
    "list runs": Job("lead", "/runs/", "^Show these runs", "Shop / rolled-back", fields={"state": "rolled"}),
    "list backups": Job("lead", "/backups/", "^Show these backups", "permission denied", fields={"state": "failed"}),
    "read who did what": Job("lead", "/audit/", "^Show these entries", "operator", fields={"kind": "run"}),
    "read the help": Job("lead", "/help/", "^Roles", "Who may do what"),
    "plan an upgrade": Job("developer", f"{ENV}/pending/", "^Plan the upgrade of 3", "Upgrade Shop / pending"),
    "plan a part of it": Job(
        "developer", f"{ENV}/pending/", "^Plan the upgrade to this", f"to {REVISIONS[4][0]}",
        opens="Upgrade by fewer", fields={"target": REVISIONS[4][0]},
    ),
    "plan a downgrade": Job(
        "developer", f"{ENV}/succeeded/", "^Plan the downgrade", "Downgrade Shop / succeeded",
        opens="Downgrade to", fields={"target-downgrade": FIRST},
    ),
    "plan a stamp": Job(
        "developer", f"{ENV}/unchanged/", "^Plan the stamp", "Stamp Shop / unchanged",
        opens="Stamp with", fields={"target-stamp": HEAD},
    ),
    "plan to start fresh": Job(
        "developer", f"{ENV}/refused/", "^Plan to start fresh", "Start fresh Shop / refused", opens="Start fresh"
    ),
    "plan a restore": Job(
        "developer", f"{ENV}/cancelled/", "^Plan the restore", "Restore Shop / cancelled", opens="Restore a backup"
    ),
    "review a file": Job(
        "developer", f"{SHOP}/revisions/{BEHIND}/", "^Mark this file as reviewed", "Reviewed by developer", at="review"
    ),
    "have SQL written": Job(
        "developer", f"{SHOP}/revisions/{BEHIND}/", "^Write the SQL", "Reload to see it", at="sql"
    ),
    "have drift looked for": Job(
        "developer", f"{ENV}/pending/", "^Compare the schema now", "Waits for a worker", at="drift"
    ),
    "accept findings": Job(
        "operator", f"{ENV}/findings/plan/", "^Accept", "Accepted by operator",
        fields={"accept-reason": "it was moved"}, at="gate-changes",
    ),
    "let a budget pass": Job(
        "operator", f"{ENV}/budget/plan/", "^Let this plan exceed the budget", "Let pass by operator",
        fields={"override-reason": "at night"}, at="gate-rehearsal",
    ),
    "rehearse again": Job(
        "operator", f"{ENV}/broken-rehearsal/plan/", "^Rehearse", "Reload to see", at="gate-rehearsal"
    ),
    "take a backup": Job("operator", f"{ENV}/current/", "^Take a backup now", "Reload to see", at="backups"),
    "take a backup for a plan": Job(
        "operator", f"{ENV}/open/plan/", "^Take a new backup now", "Reload to see", at="gate-backup"
    ),
    "prove a backup": Job("operator", "backup-proven-dump", "^Hash and read it again", "Reload to see"),
    "go back to a backup": Job("operator", "backup-proven-dump", "^Plan the restore of backup", "Restore Shop / "),
    "attest a backup": Job(
        "operator", f"{ENV}/attested/plan/", "^Attest this backup", "attested by operator: “a drill”", opens="Attest a backup",
        fields={"id_where": "s3://x", "id_taken_at": "↑↑↑↑↑↑↑", "id_how": "a drill"}, at="gate-backup",
    ),
    "confirm": Job(
        "operator", f"{ENV}/restore/plan/", "^Restore restore from", "waits for a worker", fields={"typed": "restore"}
    ),
    "cancel a run": Job("operator", "run-queued", "^Cancel run", "cancelled", at="run-status"),
    "cancel a run that is executed": Job("operator", "run-running", "^Cancel run", "operator has cancelled it", at="run-action"),
    "end what a run left": Job("operator", "run-unsettled", "^End what run .* left", "operator has asked", at="run-action"),
}  # fmt: skip


@pytest.fixture(scope="module")
def numbered(gallery: Product) -> dict[str, str]:
    return list_numbered(gallery)


@pytest.fixture(scope="module")
def page_of(gallery: Product, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """A page without JavaScript for each role."""
    contexts = sign_in_all(chromium, gallery, scripts=False)
    watch = Watch(gallery.url)
    pages: dict[str, Page] = {}

    def page_of(role: str) -> Page:
        if role not in pages:
            watch.attach(contexts[role])
            pages[role] = contexts[role].new_page()
            pages[role].set_default_timeout(5_000)
        return pages[role]

    yield page_of
    for context in contexts.values():
        context.close()
    assert watch.problems == []


@pytest.mark.parametrize("name", JOBS)
def test_it_is_done_by_the_keyboard_without_javascript(
    gallery: Product, numbered: dict[str, str], page_of: Callable[[str], Page], name: str
) -> None:
    job = JOBS[name]
    page = page_of(job.role)
    page.goto(gallery.url + numbered.get(job.page, job.page))

    go_to_content(page)
    if job.opens:
        tab_to(page, f"^{job.opens}", "SUMMARY")
        page.keyboard.press("Enter")
    for id, text in job.fields.items():
        type_into(page, id, text)
    tab_to(page, job.press, "A", "BUTTON")
    page.keyboard.press("Enter")

    told = page.locator(f"#{job.at or 'content-start'}")
    expect(told).to_contain_text(job.told, ignore_case=True, use_inner_text=True)


def test_a_ledger_is_downloaded_by_the_keyboard(gallery: Product, page_of: Callable[[str], Page]) -> None:
    page = page_of("lead")
    page.goto(f"{gallery.url}{ENV}/pending/")
    go_to_content(page)
    tab_to(page, "Ledger as CSV", "A")

    with page.expect_download() as download:
        page.keyboard.press("Enter")

    assert download.value.suggested_filename.endswith(".csv")


def test_a_password_is_changed_and_its_owner_logs_out_and_in_again(gallery: Product, chromium: Browser) -> None:
    made = "from django.contrib.auth.models import User; User.objects.create_user('ada', password='an old phrase')"
    assert gallery.manage("shell", "--command", made).returncode == 0
    page = chromium.new_context(java_script_enabled=False).new_page()

    log_in(page, f"{gallery.url}/login/", "an old phrase")
    tab_to(page, "^Change password", "A")
    press_and_leave(page)
    for id, text in (("id_old_password", "old"), ("id_new_password1", "new"), ("id_new_password2", "new")):
        type_into(page, id, f"an {text} phrase")
    press_and_leave(page)
    expect(page.locator("#content")).to_contain_text("Your password is changed")
    tab_to(page, "^Log out", "BUTTON")
    press_and_leave(page)
    log_in(page, page.url, "an new phrase")

    expect(page.locator("#user-tools")).to_contain_text("ada")
    page.context.close()


def log_in(page: Page, url: str, password: str) -> None:
    page.goto(url)
    type_into(page, "id_username", "ada")
    type_into(page, "id_password", password)
    press_and_leave(page)


def press_and_leave(page: Page) -> None:
    """Enter, on what leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")
