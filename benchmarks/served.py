"""The dashboard's web process over a written project, with one user signed in."""

from __future__ import annotations

import http.client
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.projects import write_project
from benchmarks.repositories import commit_history
from tests.browser.product import Product
from tests.postgresql import free_port

SIGN_IN = """
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
user = User.objects.create_superuser("reader")
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


@dataclass(frozen=True)
class Served:
    """A running web process; requests carry the cookie of a signed-in user."""

    product: Product
    session: str

    def body(self, path: str) -> bytes:
        """Of one answer, as it is."""
        return self._ask(path, "identity")[1]

    def get(self, path: str) -> tuple[float, int]:
        """Seconds until the whole compressed answer was there, and its size in bytes."""
        taken, body = self._ask(path, "gzip")
        return taken, len(body)

    def _ask(self, path: str, encoding: str) -> tuple[float, bytes]:
        """Raises where the answer is no 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.product.port, timeout=120)
        headers = {"Cookie": f"sessionid={self.session}", "Accept-Encoding": encoding}
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        taken = time.perf_counter() - started
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}: {self.product.output('web')[-2000:]}")
        return taken, body

    def warm(self, path: str) -> tuple[float, int]:
        """Median of fifteen, after each of the web processes has answered once."""
        for _ in range(8):
            self.get(path)
        measured = [self.get(path) for _ in range(15)]
        return statistics.median(taken for taken, _ in measured), measured[0][1]


@contextmanager
def serve(folder: Path, count: int) -> Iterator[Served]:
    """A branched history under git with an environment in its middle, another at its head."""
    folder.mkdir(parents=True, exist_ok=True)
    revisions = write_project(folder / "project", count, branched=True)
    commit_history(folder / "project", revisions)
    environments = {"production": revisions[count // 2].id, "staging": revisions[-1].id}
    toml = '[projects.shop]\ndirectory = "project"\n'
    for name, row in environments.items():
        toml += f'[projects.shop.environments.{name}]\nurl = "sqlite:///{name}.db"\n'
        connection = sqlite3.connect(folder / f"{name}.db")
        with connection:
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (row,))
        connection.close()
    (folder / "dashboard.toml").write_text(toml)
    variables = {"DASHBOARD_DATA": str(folder / "data"), "DASHBOARD_CONFIG": str(folder / "dashboard.toml")}
    product = Product(folder, free_port(), variables, {})
    for command in (["migrate", "--verbosity", "0"], ["collectstatic", "--no-input", "--verbosity", "0"],
                    ["status", "--refresh"]):  # fmt: skip
        manage(product, *command)
    session = manage(product, "shell", "--verbosity", "0", "-c", SIGN_IN).strip().splitlines()[-1]
    product.start("web")
    try:
        yield Served(product, session)
    finally:
        product.stop()


def manage(product: Product, *arguments: str) -> str:
    """Standard output of `manage.py ...`. Raises where it fails."""
    done = product.manage(*arguments)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
