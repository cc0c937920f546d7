"""What a run through the dashboard costs beside plain Alembic, on PostgreSQL and SQLite: medians, in one go.

    python -m benchmarks.run_cost

Child: from starting the child process to its end, against `alembic upgrade head`, 50 revisions each. Beside it: what checking
before and looking afterwards adds; how long a click takes to the first revision with a warm worker; what two workers and the
observer cost while nothing happens.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.results import Limit, tell
from tests import postgresql
from tests.alembic_project import make_project

ROOT = Path(__file__).resolve().parent.parent
TIMES = 5
REVISIONS = 50
IDLE_SECONDS = 30.0
WORDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def measure_run_cost() -> Iterator[Limit]:
    """Sets up Django for a site of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        project = make_project(folder / "project", extra=_URL_BY_HAND)
        project.add_tables(*range(1, REVISIONS + 1))
        _configure(folder)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        for dialect in ("sqlite", "postgresql"):
            with _database(dialect, folder) as url:
                os.environ["BENCHMARK_URL"] = url
                yield from _measure(WORDS[dialect], folder)
        yield _measure_idle(folder)


_URL_BY_HAND = """
if not context.config.get_main_option("sqlalchemy.url"):
    context.config.set_main_option("sqlalchemy.url", os.environ["BENCHMARK_URL"].replace("%", "%%"))
"""


def _configure(folder: Path) -> None:
    (folder / "dashboard.toml").write_text(
        f'[projects.p]\ndirectory = "project"\npython = "{sys.executable}"\n'
        '[projects.p.environments.e]\nurl = { env = "BENCHMARK_URL" }\nallow = ["upgrade", "downgrade"]\n'
    )
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DASHBOARD_CONFIG": str(folder / "dashboard.toml"),
        "DASHBOARD_DATA": str(folder / "data"),
        "BENCHMARK_URL": "sqlite:////nowhere.db",
    }


@contextmanager
def _database(dialect: str, folder: Path) -> Iterator[str]:
    if dialect == "sqlite":
        yield f"sqlite:///{folder}/e.db"
        return
    binaries = postgresql.find_binaries()
    assert binaries is not None
    directory = postgresql.make_directory()
    server = postgresql.start(directory, binaries)
    server.create_database("e")
    try:
        yield f"postgresql+psycopg2://{server.admin}:{quote(server.password, safe='')}@{server.host}:{server.port}/e"
    finally:
        postgresql.stop(directory, binaries)
        shutil.rmtree(directory, ignore_errors=True)


def _measure(words: str, folder: Path) -> Iterator[Limit]:
    plain = [_by_hand(folder, "upgrade", "head") for _ in _each_from_base(folder)]
    children, whole, clicks = [], [], []
    with _worker(folder):
        for _ in _each_from_base(folder):
            child, everything, click = _through_the_dashboard()
            children.append(child)
            whole.append(everything)
            clicks.append(click)
    alembic, child = statistics.median(plain), statistics.median(children)
    yield Limit(
        f"{words}: child of a run, {REVISIONS} revisions, times `alembic upgrade head`", child / alembic, "", 1.15
    )
    yield Limit(f"{words}: checks before it and verification after it add", statistics.median(whole) - child, "s", None)
    yield Limit(f"{words}: click to first revision, with a warm worker", statistics.median(clicks), "s", 1.5)


def _each_from_base(folder: Path) -> Iterator[int]:
    """TIMES times, each from an empty version table."""
    _by_hand(folder, "upgrade", "head")
    for number in range(TIMES):
        _by_hand(folder, "downgrade", "base")
        yield number


def _by_hand(folder: Path, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "alembic", *arguments], cwd=folder / "project", check=True, capture_output=True
    )
    return time.perf_counter() - started


def _through_the_dashboard() -> tuple[float, float, float]:
    """(child, whole run, click to first revision) in seconds, of one upgrade to the head."""
    from dashboard.models import Run
    from dashboard.usecases.confirm_plan import confirm_plan
    from dashboard.usecases.observe import observe_environments
    from dashboard.usecases.plan_change import plan_change
    from dashboard.usecases.preview_plan import preview_plan
    from dashboard.usecases.review_plan import review_plan
    from dashboard.usecases.take_backup import request_backup, take_backup_now

    operator = _operator()
    observe_environments()
    plan = plan_change(user=operator, project="p", environment="e")
    preview_plan(plan_id=plan.pk)
    take_backup_now(backup_id=request_backup(user=operator, project="p", environment="e").pk)
    token = review_plan(plan=plan, user=operator).token
    clicked = time.time()
    run = confirm_plan(user=operator, token=token, typed="e")
    while Run.objects.get(pk=run.pk).phase != "settled":
        time.sleep(0.02)
    run.refresh_from_db()
    assert run.outcome == "succeeded", run.detail
    steps = list(run.steps.order_by("position"))
    first = run.log.filter(kind="command").order_by("number")[0].at
    assert run.started_at and run.settled_at and steps[0].started_at and steps[-1].finished_at
    child = (steps[-1].finished_at - first).total_seconds()
    return child, (run.settled_at - run.started_at).total_seconds(), steps[0].started_at.timestamp() - clicked


def _operator() -> Any:
    from django.contrib.auth.models import Group, User

    user, is_new = User.objects.get_or_create(username="operator")
    if is_new:
        user.groups.add(Group.objects.get(name="operator"))
    return User.objects.get(pk=user.pk)


@contextmanager
def _worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = _start("db_worker", "--interval", "0.2", "--no-startup-delay")
    time.sleep(3)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _measure_idle(folder: Path) -> Limit:
    os.environ["BENCHMARK_URL"] = f"sqlite:///{folder}/e.db"
    worker = ("db_worker", "--interval", "0.2", "--no-startup-delay")
    processes = [_start(*worker), _start(*worker), _start("observer")]
    try:
        time.sleep(5)
        before = sum(_cpu_seconds(p.pid) for p in processes)
        time.sleep(IDLE_SECONDS)
        used = sum(_cpu_seconds(p.pid) for p in processes) - before
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    return Limit("idle: two workers and the observer, of a core", 100 * used / IDLE_SECONDS, "%", 3)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    tell(measure_run_cost())
