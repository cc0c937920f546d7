"""Comparing two refs of a long history, and judging 200 branches at once, each in a process that has read nothing before.

    python -m benchmarks.compare

Medians of ROUNDS. Reading is measured alone, without the start of Python and Django.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.projects import Revision, write_project
from benchmarks.repositories import commit_history
from benchmarks.results import Limit, tell

ROUNDS = 5
REVISIONS = 5_000
BRANCHES = 200
WHAT = {
    "compare_cold": f"comparing two refs of {REVISIONS:,} revisions, cold",
    "compare_warm": f"comparing two refs of {REVISIONS:,} revisions, warm",
    "branches_cold": f"Branches with {BRANCHES} refs, cold",
    "branches_warm": f"Branches with {BRANCHES} refs, warm",
}
LIMITS = {"compare_cold": 0.5, "compare_warm": 0.05, "branches_cold": 3.0, "branches_warm": None}
_FIRST = 1_700_000_000


def measure_compare() -> Iterator[Limit]:
    """Everything, in a temporary folder."""
    for words, realistic in (("half a KB", False), ("7 KB", True)):
        with tempfile.TemporaryDirectory() as folder:
            write_site(Path(folder), REVISIONS, realistic=realistic)
            rounds = [_measure(Path(folder)) for _ in range(ROUNDS)]
        for name, what in WHAT.items():
            yield Limit(f"{what}, files of {words}", median(found[name] for found in rounds), "s", LIMITS[name])


def write_site(folder: Path, count: int, *, realistic: bool) -> None:
    """A dashboard.toml with one project whose repository has main and BRANCHES branches, half of them behind it."""
    directory = folder / "project"
    revisions = write_project(directory, count, branched=True, realistic=realistic)
    commit_history(directory, revisions)
    stream = b"".join(_branches(directory, revisions))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=directory, input=stream, check=True)
    subprocess.run(["git", "repack", "-a", "-d", "--quiet"], cwd=directory, check=True)
    (folder / "dashboard.toml").write_text(
        f'[projects.api]\ndirectory = "project"\npython = "{sys.executable}"\n'
        '[projects.api.environments.staging]\nurl = "sqlite:///staging.db"\n'
    )


def _branches(directory: Path, revisions: list[Revision]) -> Iterator[bytes]:
    """Each brings one revision; every second one was begun ten commits ago, so that it needs a merge."""
    for number in range(BRANCHES):
        back = 10 if number % 2 else 0
        start = subprocess.run(
            ["git", "rev-parse", f"main~{back}"], cwd=directory, check=True, capture_output=True, text=True
        ).stdout.strip()
        parent = revisions[-1 - back].id
        revision = f"b{number:011x}"
        content = f'"""Branch {number}"""\nrevision = {revision!r}\ndown_revision = {parent!r}\n\n\ndef upgrade():\n    pass\n'
        yield (
            f"commit refs/heads/feature/{number}\ncommitter Dev <dev@example.org> {_FIRST + number} +0000\ndata 1\nx\n"
            f"from {start}\nM 100644 inline alembic/versions/{revision}.py\ndata {len(content)}\n{content}\n"
        ).encode()


def _measure(folder: Path) -> dict[str, float]:
    """One child for the comparison, one for the branches, so that neither helps the other."""
    found: dict[str, float] = {}
    for what in ("compare", "branches"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.compare", "--child", what],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "dashboard.settings",
                "DASHBOARD_CONFIG": str(folder / "dashboard.toml"),
                "DASHBOARD_DATA": str(folder / "var"),
            },
            check=True,
            capture_output=True,
            text=True,
        )
        found |= json.loads(done.stdout)
    return found


def _child(what: str) -> None:
    import django

    django.setup()
    from dashboard.usecases.catalogue import configuration
    from dashboard.usecases.compare import compare
    from dashboard.usecases.read_branches import read_branches

    project = configuration().project("api")
    seconds = []
    for _ in range(2):
        started = perf_counter()
        if what == "compare":
            assert compare(project=project, left="ref:main", right="ref:feature/1").comparison.merge_needed
        else:
            assert len(read_branches(project=project).branches) == BRANCHES
        seconds.append(perf_counter() - started)
    print(json.dumps({f"{what}_cold": seconds[0], f"{what}_warm": seconds[1]}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2])
    else:
        tell(measure_compare())
