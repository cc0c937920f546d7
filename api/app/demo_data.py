"""Puts believable sample rows into the database: `python -m app.demo_data`, from the folder of alembic.ini.

Works at any revision: it asks the database which tables and columns there are and fills those. The same rows
every time. `--bad` then adds what makes the revision "Make invoice numbers unique" fail.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, func, insert, select, text

from app.database import DatabaseNotConfigured, database_url

Row = dict[str, Any]

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
PEOPLE = (
    "Ada Brandt", "Noor Haddad", "Tomás Rivera", "Ingrid Solberg", "Kwame Mensah", "Yuki Tanaka",
    "Élodie Marchand", "Piotr Zieliński", "Grace O'Connell", "Arjun Mehta", "Lucía Ferrer", "Jonas Lindqvist",
)  # fmt: skip
ORGANISATIONS = (
    ("Brandt & Sons", "DE"), ("Nordlys Energy", "NO"), ("Casa Ferrer", "ES"), ("Mehta Textiles", "IN"),
    ("Harbour Clinic", "IE"), ("Nordlys Energy", "SE"),
)  # fmt: skip
PROJECTS = ("Warehouse move", "Spring catalogue", "Office refit", "Trade fair")
PRODUCTS = (
    ("DESK-160", "Desk, 160 cm", 34900), ("DESK-180", "Desk, 180 cm", 39900),
    ("CHAIR-ERG", "Task chair", 27900), ("SHELF-5", "Shelf, five boards", 12900),
    ("LAMP-LED", "Desk lamp", 5900), ("PANEL-AC", "Acoustic panel", 8900),
    ("CABLE-TR", "Cable tray", 2450), ("LOCKER-4", "Locker, four doors", 44900),
)  # fmt: skip
ROLES = ("owner", "admin", "member", "member", "member")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, or 2 with a message when the rows cannot be put in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--orders", type=int, default=240, help="how many orders (default: 240)")
    parser.add_argument("--bad", action="store_true", help="add invoices whose numbers are taken already")
    options = parser.parse_args(arguments)
    try:
        engine = create_engine(database_url(None, os.environ))
        with engine.begin() as connection:
            print(fill(connection, options.orders))
            if options.bad:
                print(add_bad_rows(connection))
    except (DatabaseNotConfigured, DemoDataRefused) as error:
        print(error, file=sys.stderr)
        return 2
    engine.dispose()
    return 0


class DemoDataRefused(Exception):
    """The database is not in a state for these rows. The message says what to do first."""


def fill(connection: Connection, orders: int) -> str:
    """Fills every table that is there, unless there are users already. Returns what was done."""
    metadata = MetaData()
    metadata.reflect(connection)
    if "users" not in metadata.tables:
        raise DemoDataRefused("there is no table users: run `alembic upgrade` first")
    if connection.scalar(select(func.count()).select_from(metadata.tables["users"])):
        return "there are rows already: nothing added"
    counts = []
    for name, rows in sample_rows(orders).items():
        if name in metadata.tables:
            put(connection, metadata.tables[name], rows)
            counts.append(f"{len(rows)} {name}")
    return "added " + ", ".join(counts)


def add_bad_rows(connection: Connection) -> str:
    """Enters three invoices of one organisation a second time, as an import that ran twice would."""
    metadata = MetaData()
    metadata.reflect(connection)
    invoices = metadata.tables.get("invoices")
    if invoices is None:
        raise DemoDataRefused("there is no table invoices: upgrade to 6b4e92d7c105 or later first")
    if any(index.unique for index in invoices.indexes):
        raise DemoDataRefused("invoice numbers are unique already: downgrade to b5e17d3f9a02 or earlier first")
    first = connection.execute(select(invoices).order_by(invoices.c.organisation_id, invoices.c.id).limit(3)).all()
    next_id = (connection.scalar(select(func.max(invoices.c.id))) or 0) + 1
    copies = [{**row._mapping, "id": next_id + place} for place, row in enumerate(first)]
    put(connection, invoices, copies)
    return "entered again: " + ", ".join(str(row["number"]) for row in copies)


def put(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Inserts what the table has columns for; moves PostgreSQL's sequence behind the ids."""
    kept = [{name: value for name, value in row.items() if name in table.c} for row in rows]
    if kept:
        connection.execute(insert(table), kept)
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), GREATEST(:last, 1))"),
            {"name": table.name, "last": connection.scalar(select(func.max(table.c.id))) or 1},
        )


def sample_rows(orders: int) -> dict[str, list[Row]]:
    """All rows as of the newest revision, by table, parents before children."""
    dice = random.Random(2026)  # noqa: S311 - sample data, and the same every time
    return {**accounts(dice), **catalogue(), **sales(dice, orders), **integrations()}


def accounts(dice: random.Random) -> dict[str, list[Row]]:
    users = [
        {"id": number, "email": f"user{number}@example.com", "full_name": name, "is_active": number != 9,
         "created_at": START + timedelta(days=number)}
        for number, name in enumerate(PEOPLE, 1)
    ]  # fmt: skip
    organisations = [
        {"id": number, "name": name, "slug": f"organisation-{number}", "country": country,
         "created_at": START + timedelta(days=number)}
        for number, (name, country) in enumerate(ORGANISATIONS, 1)
    ]  # fmt: skip
    memberships: list[Row] = []
    for organisation in organisations:
        for role, user in zip(ROLES, dice.sample(users, len(ROLES)), strict=True):
            memberships.append(
                {"id": len(memberships) + 1, "organisation_id": organisation["id"], "user_id": user["id"],
                 "role": role, "created_at": START + timedelta(days=20, hours=len(memberships))}
            )  # fmt: skip
    return {"users": users, "organisations": organisations, "memberships": memberships}


def catalogue() -> dict[str, list[Row]]:
    projects: list[Row] = []
    for organisation in range(1, len(ORGANISATIONS) + 1):
        for name in PROJECTS:
            archived = name == "Trade fair"
            projects.append(
                {"id": len(projects) + 1, "organisation_id": organisation, "name": name,
                 "status": "archived" if archived else "active",
                 "archived_at": START + timedelta(days=90) if archived else None,
                 "created_at": START + timedelta(days=25)}
            )  # fmt: skip
    products = [
        {"id": number, "sku": sku, "name": name, "price_minor": price, "currency": "EUR"}
        for number, (sku, name, price) in enumerate(PRODUCTS, 1)
    ]
    return {"projects": projects, "products": products}


def sales(dice: random.Random, count: int) -> dict[str, list[Row]]:
    """Orders and their lines, an invoice for each shipped order, payments of most invoices."""
    orders: list[Row] = []
    lines: list[Row] = []
    for number in range(1, count + 1):
        placed_at = START + timedelta(days=30, hours=8 * number)
        ordered = order_lines(dice, number, len(lines) + 1)
        lines += ordered
        orders.append(
            {"id": number, "project_id": dice.randint(1, len(ORGANISATIONS) * len(PROJECTS)),
             "placed_by_id": dice.randint(1, len(PEOPLE)), "reference": f"PO-2026-{number:05}",
             "status": dice.choice(("shipped", "shipped", "shipped", "placed", "draft", "cancelled")),
             "placed_at": placed_at, "required_by": (placed_at + timedelta(days=21)).date(), "priority": 0,
             "total_minor": sum(line["quantity"] * line["unit_price_minor"] for line in ordered)}
        )  # fmt: skip
    shipped = [order for order in orders if order["status"] == "shipped"]
    invoices = [invoice(number, order) for number, order in enumerate(shipped, 1)]
    return {
        "orders": orders,
        "order_lines": lines,
        "invoices": invoices,
        "payments": payments(dice, invoices),
    }


def order_lines(dice: random.Random, order: int, first_id: int) -> list[Row]:
    chosen = dice.sample(list(enumerate(PRODUCTS, 1)), dice.randint(1, 4))
    return [
        {"id": number, "order_id": order, "product_id": product, "quantity": dice.randint(1, 12),
         "unit_price_minor": price}
        for number, (product, (_, _, price)) in enumerate(chosen, first_id)
    ]  # fmt: skip


def invoice(number: int, order: Row) -> Row:
    issued = order["placed_at"] + timedelta(days=5)
    return {
        "id": number,
        "organisation_id": (order["project_id"] - 1) // len(PROJECTS) + 1,
        "order_id": order["id"],
        "number": f"INV-2026-{number:05}",
        "total_minor": order["total_minor"],
        "currency": "EUR",
        "issued_on": issued.date(),
        "due_on": (issued + timedelta(days=30)).date(),
    }


def payments(dice: random.Random, invoices: list[Row]) -> list[Row]:
    paid = [invoice for invoice in invoices if dice.random() < 0.8]
    return [
        {"id": number, "invoice_id": invoice["id"], "amount_minor": invoice["total_minor"],
         "method": dice.choice(("transfer", "card")),
         "received_at": datetime.combine(invoice["issued_on"], START.timetz()) + timedelta(days=12)}
        for number, invoice in enumerate(paid, 1)
    ]  # fmt: skip


def integrations() -> dict[str, list[Row]]:
    tokens = [
        {"id": number, "organisation_id": number, "created_by_id": number, "name": "Stock import",
         "token_hash": f"{number:064x}", "expires_at": None, "created_at": START + timedelta(days=60)}
        for number in range(1, 4)
    ]  # fmt: skip
    endpoints = [
        {"id": number, "organisation_id": number, "url": f"https://hooks.example.com/{number}",
         "is_active": True, "created_at": START + timedelta(days=61)}
        for number in range(1, 3)
    ]  # fmt: skip
    deliveries = [
        {"id": number, "endpoint_id": number % 2 + 1, "event": "order.shipped", "status_code": 200,
         "delivered_at": START + timedelta(days=62, hours=number), "created_at": START + timedelta(days=62)}
        for number in range(1, 41)
    ]  # fmt: skip
    return {"api_tokens": tokens, "webhook_endpoints": endpoints, "webhook_deliveries": deliveries}


if __name__ == "__main__":
    sys.exit(main())
