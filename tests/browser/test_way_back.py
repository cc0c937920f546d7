"""A run that failed half-way is undone from the browser, and what it replaced is deleted there: on both databases."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.contents import Contents, list_differences
from dashboard.databases.replacement import read_now
from tests.browser.product import Product
from tests.browser.test_operator import SECONDS, SignIn, go_to_confirmation
from tests.postgresql import Server

TWICE = "INSERT INTO invoices ({0}) SELECT {0} FROM invoices WHERE id = (SELECT min(id) FROM invoices)"
COLUMNS = "organisation_id, order_id, number, issued_on, due_on, total_minor, currency"


@pytest.fixture
def allowing(product: Product) -> Product:
    """production may be restored, and waits for no other environment."""
    path = product.directory / "dashboard.toml"
    path.write_text(path.read_text().replace('requires = ["staging"]', 'allow = ["upgrade", "restore"]'))
    return product


def fail(page: Page, product: Product) -> None:
    """The operator upgrades production, whose invoices have a number twice."""
    page.goto(f"{product.url}/")
    go_to_confirmation(page, "production")
    page.fill("#typed", "production")
    page.get_by_role("button", name=re.compile("Upgrade production")).click()


def undo(page: Page) -> None:
    """From the plan of the restore to its end."""
    expect(page.locator("#plan-restore")).to_contain_text("What does not come along", timeout=SECONDS)
    page.locator("#typed").fill("production")
    page.get_by_role("button", name=re.compile("Restore production from backup")).click()
    expect(page.locator("#outcome-title")).to_contain_text("is restored from backup", timeout=SECONDS)
    expect(page.locator(".outcome")).to_contain_text("equalled those of backup")


@pytest.mark.parametrize("product", ["sqlite"], indirect=True)
@pytest.mark.fault(44)
def test_an_operator_undoes_a_run_that_failed_half_way(allowing: Product, sign_in: SignIn) -> None:
    path = allowing.directory / "data" / "demo" / "production.db"
    with sqlite3.connect(path) as connection:
        connection.execute(TWICE.format(COLUMNS))
        before = list(connection.iterdump())
    connection.close()
    page = sign_in("operator")
    fail(page, allowing)
    expect(page.locator("#outcome-title")).to_contain_text(
        re.compile("stopped part-way|may hold a part"), timeout=SECONDS
    )

    page.get_by_role("button", name=re.compile(r"^Plan the restore of backup \d+$")).click()
    expect(page.locator("#plan-restore")).to_contain_text("webhook_endpoints", timeout=SECONDS)
    look_at_tables(page)
    undo(page)

    with sqlite3.connect(path) as connection:
        assert list(connection.iterdump()) == before
    connection.close()
    kept = page.locator("#replaced strong").inner_text()
    assert (path.parent / kept).exists()
    delete_replaced(page, kept)
    assert not (path.parent / kept).exists()


def look_at_tables(page: Page) -> None:
    """What would be lost is read whole on a wide and a narrow screen: no name is broken, nothing is cut off."""
    lines = "cells => cells.map(cell => cell.getClientRects().length)"
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert set(page.locator("#plan-restore td code").evaluate_all(lines)) == {1}
        assert page.locator("#plan-restore").evaluate("box => box.scrollWidth <= box.clientWidth")


def delete_replaced(page: Page, kept: str) -> None:
    page.fill("#replaced-name", kept)
    page.get_by_role("button", name="Delete the replaced database").click()
    for _ in range(20):
        if "was deleted" in page.locator("#replaced").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#replaced")).to_contain_text("was deleted")


@pytest.mark.parametrize("product", ["postgresql"], indirect=True)
@pytest.mark.fault(44)
def test_bad_data_is_rolled_back_on_postgresql_and_the_backup_still_goes_back(
    allowing: Product, sign_in: SignIn, postgres_server: Server
) -> None:
    query(allowing, postgres_server, TWICE.format(COLUMNS))
    before = held(allowing)
    page = sign_in("operator")
    fail(page, allowing)
    expect(page.locator("#outcome-title")).to_contain_text("rolled back", ignore_case=True, timeout=SECONDS)
    assert list_differences(before, held(allowing)) == ()
    query(allowing, postgres_server, "UPDATE users SET email = 'of-the-repair-' || id; DROP TABLE api_tokens")

    page.goto(f"{allowing.url}/backups/1/")
    page.get_by_role("button", name="Plan the restore of backup").click()
    expect(page.locator("#plan-restore")).to_contain_text("users", timeout=SECONDS)
    undo(page)

    assert list_differences(before, held(allowing)) == ()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("product", ["postgresql"], indirect=True)
@pytest.mark.fault(44)
def test_a_killed_concurrent_index_is_undone(allowing: Product, sign_in: SignIn, postgres_server: Server) -> None:
    before = held(allowing)
    reader = connect(allowing, postgres_server)
    reader.cursor().execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders")
    page = sign_in("operator")
    fail(page, allowing)
    for _ in range(100):
        if query(allowing, postgres_server, "SELECT 1 FROM pg_index WHERE NOT indisvalid"):
            break
        page.wait_for_timeout(200)

    os.kill(child_of(allowing.pid("worker")), signal.SIGKILL)
    page.wait_for_timeout(2_000)
    reader.close()

    expect(page.locator("#outcome-title")).to_contain_text(
        re.compile("stopped part-way|may hold a part", re.IGNORECASE), timeout=60_000
    )
    expect(page.locator(".outcome")).to_contain_text("is invalid")
    page.get_by_role("button", name=re.compile(r"^Plan the restore of backup \d+$")).click()
    undo(page)
    assert list_differences(before, held(allowing)) == ()
    assert query(allowing, postgres_server, "SELECT 1 FROM pg_index WHERE NOT indisvalid") == []


def held(product: Product) -> Contents:
    """Digest of the schema, counts and hashes of the rows of production on PostgreSQL."""
    given = product.databases["production"]
    target = DatabaseTarget(
        Dialect.POSTGRESQL,
        given["DATABASE_NAME"],
        host=given["DATABASE_HOST"],
        port=int(given["DATABASE_PORT"]),
        user=given["DATABASE_USER"],
        password=given["DATABASE_PASSWORD"],
    )
    return read_now(target, deadline=30)


def connect(product: Product, server: Server) -> Any:
    return server.connect(product.databases["production"]["DATABASE_NAME"])


def query(product: Product, server: Server, sql: str) -> list[tuple[Any, ...]]:
    connection = connect(product, server)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return [tuple(row) for row in rows]


def child_of(worker: int) -> int:
    """The child program that a worker has started."""
    pids = [
        int(pid)
        for thread in Path(f"/proc/{worker}/task").iterdir()
        for pid in (thread / "children").read_text().split()
    ]
    return next(pid for pid in pids if "child_program" in Path(f"/proc/{pid}/cmdline").read_text())
