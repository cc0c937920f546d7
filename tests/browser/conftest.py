"""Fixtures of the browser tests: `product`, running on SQLite and on PostgreSQL, and `sign_in("operator")`.

    def test_a_lead_sees_every_environment(product, sign_in):
        page = sign_in("lead")

A test for one database alone: `@pytest.mark.parametrize("product", ["sqlite"], indirect=True)`.

pytest-playwright's own fixtures are not used: they keep an event loop in this thread until the session ends, and Django
then refuses its database in every later test.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.find_browser import browser_arguments, find_browser
from tests.browser.gallery import lay_out_gallery
from tests.browser.product import ENVIRONMENTS, ROOT, Product, ProductBroken
from tests.browser.watch import Watch
from tests.postgresql import Server, free_port

SignIn = Callable[..., Page]

SQLITE_TOML = """
[projects.api]
title = "API"
directory = "api"
""" + "".join(
    f"""
[projects.api.environments.{name}]
url = "sqlite:///data/demo/{name}.db"
{'requires = ["staging"]' if name == "production" else ""}
"""
    for name in ENVIRONMENTS
)

POSTGRESQL_TOML = """
[projects.api]
title = "API"
directory = "api"
""" + "".join(
    f"""
[projects.api.environments.{name}]
variables_prefix = "{name.upper()}_"
{'requires = ["staging"]' if name == "production" else ""}
backup = {{ tools = "TOOLS" }}
"""
    for name in ENVIRONMENTS
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `manage.py set_up_demo` has run once; every product starts as a copy of it."""
    return lay_out_demo(tmp_path_factory.mktemp("prepared"), SQLITE_TOML).directory


def lay_out_demo(directory: Path, toml: str) -> Product:
    """A product on SQLite in a folder of its own, set up by `manage.py set_up_demo`. Raises ProductBroken."""
    _lay_out(directory, toml)
    product = Product(directory, free_port(), _variables(directory), _sqlite_databases(directory))
    done = product.manage("set_up_demo")
    if done.returncode:
        raise ProductBroken(done.stdout + done.stderr)
    return product


@pytest.fixture(scope="session")
def postgres_templates(prepared: Path, postgres_server: Server) -> dict[str, str]:
    """Made once."""
    return make_postgres_templates(prepared, postgres_server)


def make_postgres_templates(prepared: Path, server: Server) -> dict[str, str]:
    """Environment -> a PostgreSQL database at the same revision, with the same sample rows, as the SQLite one."""
    templates = {name: f"browser_{os.getpid()}_{name}" for name in ENVIRONMENTS}
    product = Product(prepared, 0, {}, {n: server.variables(d) for n, d in templates.items()})
    for name, database in templates.items():
        server.create_database(database)
        for row in _rows(prepared / "data" / "demo" / f"{name}.db"):
            product.alembic(name, "upgrade", row)
        product.run_module(name, "app.demo_data")
    return templates


@pytest.fixture(params=["sqlite", "postgresql"])
def product(request: pytest.FixtureRequest, prepared: Path, tmp_path: Path) -> Iterator[Product]:
    """The demo, served by real processes, fresh for each test. A traceback of the web process fails the test."""
    with started(request.getfixturevalue(f"{request.param}_product"), "web", "worker", "observer") as made:
        yield made


@contextmanager
def started(product: Product, *names: str) -> Iterator[Product]:
    """With these processes, until the end. A traceback of the web process fails whoever uses it."""
    product.start(*names)
    try:
        yield product
    finally:
        product.stop()
    assert "Traceback" not in product.output("web"), product.output("web")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Web alone: nobody works off what is shown as going on."""
    with started(lay_out_gallery(tmp_path_factory.mktemp("gallery")), "web") as product:
        yield product


@pytest.fixture
def sqlite_product(prepared: Path, tmp_path: Path) -> Product:
    """On SQLite, not started yet."""
    return copy_product(prepared, tmp_path, SQLITE_TOML)


def copy_product(prepared: Path, directory: Path, toml: str) -> Product:
    """The prepared demo on SQLite in a folder of its own; whoever starts it stops it."""
    _copy(prepared, directory, toml)
    return Product(directory, free_port(), _variables(directory), _sqlite_databases(directory))


@pytest.fixture
def postgresql_product(
    prepared: Path, tmp_path: Path, postgres_server: Server, postgres_templates: dict[str, str]
) -> Iterator[Product]:
    """On PostgreSQL, not started yet."""
    with copy_postgresql_product(prepared, tmp_path, postgres_server, postgres_templates) as product:
        yield product


@contextmanager
def copy_postgresql_product(
    prepared: Path, directory: Path, server: Server, templates: dict[str, str]
) -> Iterator[Product]:
    """The prepared demo over three databases given by variables, with a password that breaks careless code."""
    _copy(prepared, directory, POSTGRESQL_TOML.replace("TOOLS", str(server.bin)))
    port = free_port()
    names = {name: f"{template}_{port}" for name, template in templates.items()}
    _execute(server, *(f'CREATE DATABASE "{names[n]}" TEMPLATE "{templates[n]}"' for n in names))
    databases = {name: server.variables(database) for name, database in names.items()}
    variables = _variables(directory)
    for name, given in databases.items():
        variables |= {f"{name.upper()}_{key}": value for key, value in given.items()}
    product = Product(directory, port, variables, databases)
    yield product
    product.stop()
    _execute(server, *(f'DROP DATABASE "{database}" WITH (FORCE)' for database in names.values()))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real Chromium, closed at the end of the module, with Playwright's event loop."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium: `make test` tries to install one, DASHBOARD_TEST_BROWSER names one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=browser_arguments())
        yield browser
        browser.close()


@pytest.fixture
def watch(product: Product) -> Iterator[Watch]:
    """What the test's pages did wrong; fails the test at its end."""
    watch = Watch(product.url)
    yield watch
    assert watch.problems == []


@pytest.fixture
def sign_in(product: Product, chromium: Browser, watch: Watch) -> Iterator[SignIn]:
    """`sign_in("operator", width=390, theme="dark", scripts=False)`: a page of its own session, at the overview.

    For the demo's accounts: lead, developer, operator, admin. With scripts=False the page runs without JavaScript.
    """
    contexts = []

    def sign_in(
        role: str, *, width: int = 1440, theme: Literal["light", "dark"] = "light", scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=scripts
        )
        contexts.append(context)
        watch.attach(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{product.url}/login/?next=/")
        page.fill("input[name=username]", role)
        page.fill("input[name=password]", role)
        page.click("form [type=submit]")
        page.wait_for_url(f"{product.url}/")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def _sqlite_databases(directory: Path) -> dict[str, dict[str, str]]:
    return {n: {"DATABASE_URL": f"sqlite:///{directory / 'data' / 'demo' / f'{n}.db'}"} for n in ENVIRONMENTS}


def _variables(directory: Path) -> dict[str, str]:
    return {
        "DASHBOARD_DEMO": "1",
        "DASHBOARD_DATA": str(directory / "data"),
        "DASHBOARD_CONFIG": str(directory / "dashboard.toml"),
        "DASHBOARD_REFRESH_SECONDS": "2",
    }


def _lay_out(directory: Path, toml: str) -> None:
    (directory / "dashboard.toml").write_text(toml)
    shutil.copytree(ROOT / "api", directory / "api", ignore=shutil.ignore_patterns("*.db*", "__pycache__"))


def _copy(prepared: Path, directory: Path, toml: str) -> None:
    """A product's folder: storage and databases of its own; the static files are shared, they do not change."""
    _lay_out(directory, toml)
    shutil.copytree(prepared / "data", directory / "data", ignore=shutil.ignore_patterns("static"))
    (directory / "data" / "static").symlink_to(prepared / "data" / "static")


def _rows(database: Path) -> list[str]:
    connection = sqlite3.connect(database)
    try:
        return [row for (row,) in connection.execute("SELECT version_num FROM alembic_version")]
    finally:
        connection.close()


def _execute(server: Server, *statements: str) -> None:
    connection = server.connect()
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
