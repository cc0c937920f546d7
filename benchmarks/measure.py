"""Medians of processes that measure themselves."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

RUNS = 5
ROOT = Path(__file__).resolve().parent.parent
_WRITING = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
SETTLE_SECONDS = 2.5
"""So long after the last write a project counts as settled for the cache."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians: CPU seconds, and MB of memory."""

    seconds: float
    megabytes: float


def measure(
    scenario: str, directory: Path, *, fresh: bool = False, writes_bytecode: bool = True, runs: int = RUNS
) -> Measured:
    """A scenario of benchmarks.child. `fresh`: each run starts without compiled files, as after a checkout."""
    # Empty is as unset, whatever the caller's own environment says.
    variables = {"PYTHONDONTWRITEBYTECODE": "" if writes_bytecode else "1"}
    if not fresh and scenario == "alembic":
        _child(scenario, directory, variables)
    results = []
    for _ in range(runs):
        if fresh:
            forget_bytecode(directory)
        results.append(_child(scenario, directory, variables))
    return Measured(
        statistics.median(result["seconds"] for result in results),
        statistics.median(result["megabytes"] for result in results),
    )


def measure_command(*command: str, directory: Path, runs: int = RUNS) -> float:
    """CPU seconds of a whole process, after a first run that may compile. Raises where it fails."""
    taken = []
    for number in range(runs + 1):
        before = _children_seconds()
        subprocess.run([sys.executable, "-m", *command], cwd=directory, check=True, capture_output=True, env=_WRITING)
        if number:
            taken.append(_children_seconds() - before)
    return statistics.median(taken)


def forget_bytecode(directory: Path) -> None:
    """As after a fresh checkout."""
    for folder in directory.rglob("__pycache__"):
        shutil.rmtree(folder)


def settle() -> None:
    """Lets written files become old enough to be trusted by their times."""
    time.sleep(SETTLE_SECONDS)


def _child(scenario: str, directory: Path, variables: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", scenario, str(directory)],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{scenario}: {done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
