"""Reading a script directory, and the state of one environment, against Alembic on the same files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import measure, measure_command, settle
from benchmarks.projects import Revision, write_project
from benchmarks.results import Growth, Row

SIZES = (100, 1_000, 5_000, 10_000, 20_000)
MOST_FOR_ALEMBIC = 10_000
"""At twenty thousand branched revisions it takes most of a minute, six times."""


def compare_reading(folder: Path) -> Iterator[Row]:
    """Cold and unchanged, linear and branched."""
    for branched in (False, True):
        shape = "branched" if branched else "linear"
        with _project(folder, 1_000, branched=branched, realistic=True) as directory:
            theirs, ours = measure("alembic", directory, fresh=True), measure("read", directory)
            yield Row(f"cold, 1,000 files of 7 KB, {shape}", theirs.seconds, ours.seconds, 20)
            unwritten = measure("alembic", directory, fresh=True, writes_bytecode=False).seconds
            yield Row(f"the same, Alembic not writing compiled files, {shape}", unwritten, ours.seconds, None)
        with _project(folder, 5_000, branched=branched) as directory:
            theirs, ours = measure("alembic", directory, fresh=True), measure("read", directory)
            yield Row(f"cold, 5,000 small files, {shape}", theirs.seconds, ours.seconds, 8)
            unwritten = measure("alembic", directory, fresh=True, writes_bytecode=False).seconds
            yield Row(f"the same, Alembic not writing compiled files, {shape}", unwritten, ours.seconds, None)
            yield Row(f"peak memory, 5,000 small files, {shape}", theirs.megabytes, ours.megabytes, 1, unit="MB")
            warm = measure("alembic", directory).seconds
            yield Row(f"nothing changed, 5,000, {shape}", warm, measure("read_again", directory).seconds, 40)
            kept = measure("read_kept", directory).seconds
            yield Row(f"nothing changed, 5,000, {shape}, a new process", warm, kept, None)
            current = measure_command("alembic", "current", directory=directory, runs=5)
            at_head = measure("state", directory).seconds
            yield Row(f"state at head, 5,000, {shape} (`alembic current`)", current, at_head, 300)


def show_growth(folder: Path) -> Iterator[Growth]:
    """The same at growing sizes; Alembic with compiled files at hand."""
    for size in SIZES:
        with _project(folder, size, branched=True) as directory:
            cold = measure("read", directory)
            yield Growth(
                size=size,
                cold=cold.seconds,
                again=measure("read_again", directory).seconds,
                kept=measure("read_kept", directory).seconds,
                pending=measure("pending", directory).seconds,
                megabytes=cold.megabytes,
                alembic=measure("alembic", directory).seconds if size <= MOST_FOR_ALEMBIC else None,
            )


@contextmanager
def _project(folder: Path, count: int, *, branched: bool, realistic: bool = False) -> Iterator[Path]:
    """Settled, with a database at its head; removed afterwards."""
    directory = folder / f"project-{count}-{branched}-{realistic}"
    revisions = write_project(directory, count, branched=branched, realistic=realistic)
    _stamp(directory / "app.db", revisions[-1])
    settle()
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _stamp(path: Path, revision: Revision) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision.id,))
    connection.close()
