"""`make benchmarks`: everything in one run, about twenty minutes; prints each line as it comes.

    python -m benchmarks [PART ...]

With parts only these are measured anew: the page and the README's table keep what was measured of the others before.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.many import measure_many
from benchmarks.pages import measure_history_page
from benchmarks.reading import compare_reading, show_growth
from benchmarks.report import keep, write_report
from benchmarks.results import Result, ask

PARTS: dict[str, Callable[[Path], Iterator[Result]]] = {
    "backups": lambda _: iter(ask("backups")),
    "pages": measure_history_page,
    "overview": lambda _: iter(ask("overview")),
    "many": measure_many,
    "run_cost": lambda _: iter(ask("run_cost")),
    "compare": lambda _: iter(ask("compare")),
    "reading": compare_reading,
    "growth": show_growth,
}
"""By name; each is given an empty folder, and yields what it found as it finds it."""


def main() -> None:
    """Writes docs/benchmarks.json, and from it docs/benchmarks.md and the README's table."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        sys.exit(f"There is no part {', '.join(unknown)}. Parts: {', '.join(PARTS)}.")
    for name in wanted:
        found = []
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            for result in PARTS[name](Path(folder)):
                print(f"{name:9} {result.line()}", flush=True)
                found.append(result)
        keep(name, found)
    write_report()


if __name__ == "__main__":
    main()
