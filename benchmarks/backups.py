"""What proof costs: a backup, its ladder and a rehearsal of a large database, beside pg_dump by hand. About five minutes.

    python -m benchmarks.backups [--gigabytes 0.1] [--json]

The dump is compared alone, both ways in turns: the same program with the same options, for us from the call to the end of
pg_dump. Everything else is done by a worker of a running product while its pages are asked for.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.large_databases import large_postgresql, large_sqlite, write_project
from benchmarks.memory import Memory
from benchmarks.results import Limit, tell
from benchmarks.served import SIGN_IN, Served, manage
from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.backup import Doing, Progress, delete_backup, take_backup
from tests.browser.product import Product
from tests.postgresql import free_port

GIGABYTES = 1.15
"""A little more than asked for: what is measured must be at least one."""
TURNS = 3
MOST_OF_BY_HAND = 1.05
MOST_GROWTH = 64.0
"""MB that a process may grow by while a database is backed up, proven and rehearsed, whatever its size."""
AT_MOST_SECONDS = 1200.0
WORDS = {Dialect.POSTGRESQL: "PostgreSQL", Dialect.SQLITE: "SQLite"}


def measure_backups(gigabytes: float) -> Iterator[Limit]:
    """Sets up Django for a site of its own."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        write_project(folder / "project")
        with large_postgresql(gigabytes) as (server, binaries), large_sqlite(folder, gigabytes) as file:
            yield from _compare_with_pg_dump(server, binaries, folder / "dumps")
            targets = {"server": server, "file": file}
            with _served(folder, targets, binaries) as served:
                for name, target in targets.items():
                    yield from _measure_the_way(served, name, target)


def _compare_with_pg_dump(target: DatabaseTarget, binaries: Path, folder: Path) -> Iterator[Limit]:
    by_hand, ours = [], []
    for turn in range(TURNS + 1):
        taken = _dump_by_hand(target, binaries, folder), _dump_by_ourselves(target, binaries, folder)
        if turn:  # the first one fills the caches
            by_hand.append(taken[0])
            ours.append(taken[1])
    yield Limit("PostgreSQL: pg_dump by hand", statistics.median(by_hand), "s", None)
    yield Limit("PostgreSQL: the dump of a backup", statistics.median(ours), "s", None)
    ratio = statistics.median(our / hand for our, hand in zip(ours, by_hand, strict=True))
    yield Limit("PostgreSQL: the dump of a backup, times pg_dump by hand", ratio, "", MOST_OF_BY_HAND)


def _dump_by_hand(target: DatabaseTarget, binaries: Path, folder: Path) -> float:
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ, "PGHOST": target.host, "PGPORT": str(target.port), "PGUSER": target.user,
        "PGPASSWORD": target.password, "PGDATABASE": target.name,
    }  # fmt: skip
    started = time.perf_counter()
    subprocess.run(
        [binaries / "pg_dump", "-Fd", "-j2", "-Z1", "-f", folder / "by_hand", "--lock-wait-timeout=5000", "--no-password"],
        env=environment, check=True,
    )  # fmt: skip
    taken = time.perf_counter() - started
    shutil.rmtree(folder / "by_hand")
    return taken


def _dump_by_ourselves(target: DatabaseTarget, binaries: Path, folder: Path) -> float:
    ended: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.doing is Doing.COUNTING and not ended:
            ended.append(time.perf_counter())

    started = time.perf_counter()
    backup = take_backup(
        target, directory=folder, stem="ours", tools=str(binaries), progress=watch, deadline=AT_MOST_SECONDS,
        stop=lambda: False,
    )  # fmt: skip
    delete_backup(backup.path)
    return ended[0] - started


@contextmanager
def _served(folder: Path, targets: dict[str, DatabaseTarget], binaries: Path) -> Iterator[Served]:
    """A product with an environment for each database, and Django set up in this process over the same storage."""
    toml = f'[projects.p]\ndirectory = "project"\npython = "{sys.executable}"\n'
    variables = {"DASHBOARD_DATA": str(folder / "data"), "DASHBOARD_CONFIG": str(folder / "dashboard.toml")}
    for name, target in targets.items():
        variables[f"{name.upper()}_URL"] = url = target.child_url()
        toml += f'[projects.p.environments.{name}]\nurl = {{ env = "{name.upper()}_URL" }}\nrehearsal = {{}}\n'
        toml += f'backup = {{ verify = "restore", directory = "backups", tools = "{binaries}" }}\n'
        if target.dialect is Dialect.POSTGRESQL:
            variables["SCRATCH_URL"] = url.replace("/large", "/postgres")
            toml += 'scratch = { url = { env = "SCRATCH_URL" } }\n'
    (folder / "dashboard.toml").write_text(toml)
    os.environ |= {**variables, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    import django

    django.setup()
    product = Product(folder, free_port(), variables, {})
    manage(product, "migrate", "--verbosity", "0")
    manage(product, "collectstatic", "--no-input", "--verbosity", "0")
    session = manage(product, "shell", "--verbosity", "0", "-c", SIGN_IN).strip().splitlines()[-1]
    product.start("web", "worker")
    try:
        yield Served(product, session)
    finally:
        product.stop()


def _measure_the_way(served: Served, environment: str, target: DatabaseTarget) -> Iterator[Limit]:
    """Plan, backup, proof and rehearsal by the worker; its memory and that of the web process, which is asked meanwhile."""
    from django.contrib.auth.models import User

    from dashboard.models import Backup, PlanPreview, Rehearsal
    from dashboard.usecases.observe import observe_environments
    from dashboard.usecases.plan_change import plan_change
    from dashboard.usecases.take_backup import request_backup

    words = WORDS[target.dialect]
    user = User.objects.get()
    observe_environments(environment=environment, project="p")
    plan = plan_change(user=user, project="p", environment=environment)
    _wait(lambda: PlanPreview.objects.filter(plan=plan).exists())
    page = f"/projects/p/environments/{environment}/plan/"
    served.warm(page)
    memory = {name: Memory(served.product.pid(name)) for name in ("worker", "web")}
    with _asking(served, page) as answers:
        backup = request_backup(user=user, project="p", environment=environment)
        _wait(lambda: not Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).exists())
        _wait(lambda: Rehearsal.objects.filter(plan=plan, finished_at__isnull=False).exists())
        _wait(
            lambda: not Rehearsal.objects.filter(state__in=Rehearsal.LIVE).exists()
        )  # it is repeated where it is quick
    grown = {name: found.growth() for name, found in memory.items()}
    backup.refresh_from_db()
    rehearsal = Rehearsal.objects.filter(plan=plan).order_by("pk")[0]
    assert backup.state == Backup.State.PROVEN and rehearsal.state == Rehearsal.State.PASSED, (
        f"{backup.error} {backup.restore_error} {rehearsal.error}"
    )
    assert backup.contents, backup.contents_error
    gigabytes = backup.contents["origin"]["size"] / 1024**3
    yield Limit(f"{words}: size of the database", gigabytes, "GB", None)
    for what, seconds in _told(backup, rehearsal).items():
        yield Limit(f"{words}: {what}, for 1 GB", seconds / gigabytes, "s", None)
    yield Limit(f"{words}: slowest answer of the plan's page meanwhile", max(answers) * 1000, "ms", None)
    for name, megabytes in grown.items():
        yield Limit(f"{words}: memory that {name} grows by meanwhile", megabytes, "MB", MOST_GROWTH)


def _told(backup: Any, rehearsal: Any) -> dict[str, float]:
    """What the product itself tells of the times."""
    proof = backup.proofs.get()
    rungs = {rung["name"]: rung["seconds"] or 0.0 for rung in proof.rungs}
    restoring = rehearsal.restore_seconds or 0.0
    return {
        "backup, with counts and row hashes": (proof.requested_at - backup.created_at).total_seconds(),
        "proof by sha256": rungs["sha256"],
        "proof by reading through": rungs["read through"],
        "proof by restoring and comparing": rungs["restored"],
        "rehearsal, restoring": restoring,
        "rehearsal, whole": (rehearsal.finished_at - rehearsal.started_at).total_seconds(),
    }


@contextmanager
def _asking(served: Served, page: str) -> Iterator[list[float]]:
    """Asks for a page every half second; seconds of each answer."""
    ending, answers = threading.Event(), [0.0]

    def ask() -> None:
        while not ending.wait(0.5):
            answers.append(served.get(page)[0])

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        ending.set()
        thread.join()


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + AT_MOST_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("a worker did not come to its end in time")
        time.sleep(0.2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=GIGABYTES)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(measure_backups(chosen.gigabytes))
