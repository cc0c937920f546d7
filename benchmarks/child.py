"""One measurement in a process of its own: `python -m benchmarks.child SCENARIO DIRECTORY` prints seconds and memory as JSON.

Seconds are CPU time of the process, which another process on the machine lengthens least. Memory is what the peak of
resident memory grew by, in MB, from after the imports.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases import database_for
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.status import State, judge_status
from dashboard.sources.cache import ReadingCache
from dashboard.sources.project_source import ProjectSource
from dashboard.sources.script_directory import read_script_directory

TIMES = 7


def main() -> None:
    """`repeated` scenarios are run TIMES in the process, after once: their median is theirs."""
    name, directory = sys.argv[1], Path(sys.argv[2])
    scenario = SCENARIOS[name](directory)
    before = _peak()
    if name in REPEATED:
        scenario()
        seconds = sorted(_time(scenario) for _ in range(TIMES))[TIMES // 2]
    else:
        seconds = _time(scenario)
    print(json.dumps({"seconds": seconds, "megabytes": _peak() - before}))


def _time(scenario: Callable[[], object]) -> float:
    started = time.process_time()
    scenario()
    return time.process_time() - started


def _peak() -> float:
    """Of this program alone: ru_maxrss would begin with the parent's."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _alembic(directory: Path) -> Callable[[], object]:
    """From files to a walked history, as `alembic history` does. With sys.dont_write_bytecode nothing is left behind."""
    config = Config(str(directory / "alembic.ini"))
    return lambda: list(ScriptDirectory.from_config(config).walk_revisions())


def _read(directory: Path) -> Callable[[], object]:
    """The same, without anything kept."""
    return lambda: RevisionGraph(read_script_directory(_source(directory)).records).history()


def _read_again(directory: Path) -> Callable[[], object]:
    """The same, by a process that has read it before."""
    cache = ReadingCache()
    return lambda: cache.read(_source(directory)).graph.history()


def _read_kept(directory: Path) -> Callable[[], object]:
    """The same, by a new process after another one has read it."""
    folder = directory.parent / f"{directory.name}-cache"
    ReadingCache(folder).read(_source(directory))
    return lambda: ReadingCache(folder).read(_source(directory)).graph.history()


def _state(directory: Path) -> Callable[[], object]:
    """The state of the environment at head: version table, unchanged files, and what is pending."""
    cache = ReadingCache()
    target = DatabaseTarget(dialect=Dialect.SQLITE, name=str(directory / "app.db"))
    database = database_for(target)

    def judge() -> None:
        status = judge_status(cache.read(_source(directory)).graph, database.observe(timeout=5))
        assert status.state is State.CURRENT, status

    return judge


def _pending(directory: Path) -> Callable[[], object]:
    """What an empty database would get: the whole history in the order of execution, nothing kept."""
    records = read_script_directory(_source(directory)).records
    return lambda: RevisionGraph(records).pending(())


def _source(directory: Path) -> ProjectSource:
    return ProjectSource(directory=directory, config=directory / "alembic.ini", git=False)


SCENARIOS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "alembic": _alembic,
    "read": _read,
    "read_again": _read_again,
    "read_kept": _read_kept,
    "state": _state,
    "pending": _pending,
}
REPEATED = frozenset({"read_again", "state"})

if __name__ == "__main__":
    main()
