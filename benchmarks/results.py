"""What the benchmarks found, as plain data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: Alembic's value, ours, and how many times ours must fit into theirs (None: no target)."""

    what: str
    theirs: float
    ours: float
    target: float | None
    unit: str = "s"

    def line(self) -> str:
        """For a terminal."""
        return f"{self.what:66} {self.theirs:8.3f} {self.ours:8.4f} {self.unit:3} {self.ratio:7.1f} times"

    @property
    def ratio(self) -> float:
        """Times faster, or smaller."""
        return self.theirs / max(self.ours, 1e-9)

    @property
    def is_met(self) -> bool:
        """Whether the target was reached."""
        return self.target is None or self.ratio >= self.target


@dataclass(frozen=True, slots=True)
class Growth:
    """One size of a branched history. CPU seconds, and MB of the cold reading."""

    size: int
    cold: float
    again: float
    kept: float
    pending: float
    megabytes: float
    alembic: float | None
    """None: not measured."""

    def line(self) -> str:
        """For a terminal."""
        return f"{self.size:,} revisions: cold {self.cold:.4f} s, again {self.again:.4f} s, {self.megabytes:.0f} MB"


@dataclass(frozen=True, slots=True)
class Limit:
    """One measurement that must stay below a limit (None: none)."""

    what: str
    value: float
    unit: str
    limit: float | None

    def line(self) -> str:
        """For a terminal."""
        most = "" if self.limit is None else f"   at most {self.limit:g}"
        return f"{self.what:78} {self.value:10.3f} {self.unit}{most}"

    @property
    def is_met(self) -> bool:
        """Whether it stayed below."""
        return self.limit is None or self.value <= self.limit


Result = Row | Growth | Limit


def tell(limits: Iterable[Limit]) -> list[Limit]:
    """For a measurement that is a program of its own: a line each as it comes; with `--json` one list at the end.

    Returns them.
    """
    found = []
    for limit in limits:
        found.append(limit)
        if "--json" not in sys.argv:
            print(limit.line(), flush=True)
    if "--json" in sys.argv:
        print(json.dumps([asdict(limit) for limit in found]))
    return found


def ask(module: str) -> list[Limit]:
    """What `python -m benchmarks.<module>` tells, from a process of its own: some set up Django, each for its own site."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", "--json"],
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Limit(**plain) for plain in json.loads(done.stdout.splitlines()[-1])]
