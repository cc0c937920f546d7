"""An installation that holds every state, outcome, gate and verdict at once: for looking at pages, not for using them.

The project is real, in a real repository with branches, and its environments are real databases that were really read,
backed up and planned. How runs and rehearsals ended is written into the storage, since a loss of power is hard to arrange:
see gallery_records.py. Only `web` is started on it, so that nobody works off what is shown as going on.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from tests.alembic_project import AlembicProject, make_project
from tests.browser.product import Product, ProductBroken
from tests.postgresql import free_port
from tests.sources.repositories import commit_all, git, start_repository

REVISIONS = (
    ("5b7e21c9d0f4", "Create customers and orders", 'op.create_table("customers", sa.Column("id", sa.Integer, primary_key=True), '
     'sa.Column("phone", sa.Text))\nop.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))',
     'op.drop_table("orders")\nop.drop_table("customers")'),
    ("e19a4f6c3b82", "Remember where an order is shipped to", 'op.add_column("orders", sa.Column("ship_to", sa.Text))',
     'op.drop_column("orders", "ship_to")'),
    ("2c90d7a1f5e3", "Track shipments", 'op.create_table("shipments", sa.Column("id", sa.Integer, primary_key=True))',
     'op.drop_table("shipments")'),
    ("9c7708be25f1", "Index the orders by where they go", 'op.create_index("ix_orders_ship_to", "orders", ["ship_to"])',
     'op.drop_index("ix_orders_ship_to", "orders")'),
    ("3e5f97d1084c", "Keep what a payment provider says about a payment that it could not take from a customer's account",
     'op.create_table("payment_messages", sa.Column("id", sa.Integer, primary_key=True))', 'op.drop_table("payment_messages")'),
    ("8d3f0c72be14", "Drop the phone numbers that moved to contacts", 'op.drop_column("customers", "phone")',
     'op.add_column("customers", sa.Column("phone", sa.Text))'),
)  # fmt: skip
HEAD, BEHIND = REVISIONS[-1][0], REVISIONS[2][0]
STATES: dict[str, tuple[str, ...] | None] = {
    "current": (HEAD,),
    "pending": (BEHIND,),
    "unversioned": (),
    "foreign": ("a31c7be0944d",),
    "inconsistent": (BEHIND, REVISIONS[1][0]),
    "missing": None,
    "attested": (BEHIND,),
}
"""Environment -> the rows of its version table; None: there is no database."""
OUTCOMES = ("succeeded", "unchanged", "rolled-back", "partial", "indeterminate", "refused", "cancelled")
LIVE = ("queued", "running", "unsettled")
GATES = ("blocked", "findings", "budget", "broken-rehearsal", "rehearsing", "backing-up", "open")
OTHER_PLANS = ("downgrade", "stamp", "fresh", "restore", "restoring")
PLANNED = (*OUTCOMES, *LIVE, *GATES, *OTHER_PLANS)
"""Environments named after what their plan or their run shows; all are three revisions behind."""
_EXTRA = {
    "blocked": 'requires = ["pending"]\nrequires_review = true',
    "budget": 'rehearsal = { max_lock = "5s", max_rewrite = "100MB" }',
    "broken-rehearsal": "rehearsal = {}",
    "rehearsing": "rehearsal = {}",
    "unversioned": 'upgrade_within = "14d"',
    "attested": 'backup = { method = "attest" }',
}


def lay_out_gallery(directory: Path) -> Product:
    """Everything is there when this returns; `web` is not started yet. Raises ProductBroken."""
    project = make_project(directory / "shop")
    for revision, message, upgrade, downgrade in REVISIONS:
        project.add(revision, upgrade, downgrade, message=message)
    _commit(project)
    make_project(directory / "empty")
    databases = directory / "databases"
    databases.mkdir()
    for name, rows in (STATES | dict.fromkeys(PLANNED, (BEHIND,))).items():
        if rows is not None:
            _make_database(databases / f"{name}.db", rows)
    (directory / "dashboard.toml").write_text(_toml(databases))
    variables = {
        "DASHBOARD_DEMO": "1",
        "DASHBOARD_DATA": str(directory / "data"),
        "DASHBOARD_CONFIG": str(directory / "dashboard.toml"),
    }
    product = Product(directory, free_port(), variables, {})
    _manage(product, "set_up_demo")
    _manage(product, "status", "--refresh")
    _alter(project)
    _manage(product, "shell", "--verbosity", "0", "--command", "from tests.browser.gallery_records import hang; hang()")
    return product


def list_numbered(product: Product) -> dict[str, str]:
    """Addresses of runs (`run-` and the environment) and of backups, whose numbers only the storage knows."""
    done = product.manage("shell", "--verbosity", "0", "--command", _LIST)
    runs = dict(line.split() for line in done.stdout.splitlines() if line.startswith("run-"))
    backups = dict(line.split() for line in done.stdout.splitlines() if line.startswith("backup-"))
    assert {f"run-{name}" for name in (*OUTCOMES, *LIVE)} <= runs.keys()
    return runs | backups


def _manage(product: Product, *command: str) -> None:
    done = product.manage(*command)
    if done.returncode:
        raise ProductBroken(done.stdout + done.stderr)


def _alter(project: AlembicProject) -> None:
    """An applied revision is edited after use."""
    path = next(project.directory.glob(f"alembic/versions/{REVISIONS[0][0]}_*.py"))
    path.write_text(path.read_text().replace('"phone", sa.Text', '"phone", sa.String(40)'))


def _toml(databases: Path) -> str:
    lines = [f'[projects.shop]\ntitle = "Shop"\ndirectory = "shop"\npython = "{sys.executable}"']
    for name in (*STATES, *PLANNED):
        lines.append(f'[projects.shop.environments.{name}]\nurl = "sqlite:///{databases / name}.db"')
        lines.append('allow = ["upgrade", "downgrade", "stamp", "start_fresh", "restore"]')
        lines.append(_EXTRA.get(name, ""))
    lines.append('[projects.shop.environments.secretless]\nurl = { env = "NOBODY_SETS_THIS" }')
    lines.append('[projects.empty]\ntitle = "Without revisions"\ndirectory = "empty"\ngit = false')
    lines.append('[projects.empty.environments.somewhere]\nurl = "postgresql://migrator@127.0.0.1:1/empty"')
    return "\n".join(lines) + "\n"


def _make_database(path: Path, rows: tuple[str, ...]) -> None:
    connection = sqlite3.connect(path)
    with connection:
        if rows:
            connection.executescript(
                "CREATE TABLE customers (id INTEGER PRIMARY KEY, phone TEXT);"
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, ship_to TEXT);"
                "CREATE TABLE shipments (id INTEGER PRIMARY KEY);"
                "INSERT INTO customers (phone) VALUES ('+49 30 1234'), ('+49 40 5678');"
                "INSERT INTO shipments DEFAULT VALUES;"
                "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);"
            )
            connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
    connection.close()


def _commit(project: AlembicProject) -> None:
    """Branches of each verdict beside main."""
    folder = project.directory
    start_repository(folder)
    commit_all(folder, "The history", author="Ada Lovelace")
    for branch, add in (
        (
            "feature/invoices",
            ("a31c7be0944d", "Add invoices", 'op.create_table("invoices", sa.Column("id", sa.Integer))'),
        ),
        (
            "feature/tax",
            ("b4471ce09921", "Rename ship_to", 'op.alter_column("orders", "ship_to", new_column_name="to")'),
        ),
    ):
        git(folder, "switch", "--quiet", "--create", branch, "main")
        AlembicProject(folder, [BEHIND if branch == "feature/invoices" else HEAD]).add(add[0], add[2], message=add[1])
        commit_all(folder, add[1], author="Grace Hopper")
    git(folder, "switch", "--quiet", "--create", "conflicting", "main")
    AlembicProject(folder, [REVISIONS[4][0]]).add(HEAD, "pass", message="The same id for something else")
    commit_all(folder, "An id twice", author="Grace Hopper")
    git(folder, "branch", "nothing-own", "main")
    git(folder, "switch", "--quiet", "main")


_LIST = """
from dashboard.models import Backup, Run
for run in Run.objects.all():
    print(f"run-{run.environment} /runs/{run.pk}/")
for backup in Backup.objects.order_by("pk"):
    print(f"backup-{backup.state}-{backup.method} /backups/{backup.pk}/")
"""
