"""`make benchmarks`: everything in one run, about a quarter of an hour; prints each line as it comes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.many import measure_many
from benchmarks.pages import measure_history_page
from benchmarks.reading import compare_reading, show_growth
from benchmarks.report import write_report
from benchmarks.results import Growth, Limit, Row, ask


def main() -> None:
    """Writes docs/benchmarks.md and the README's table."""
    rows: list[Row] = []
    growth: list[Growth] = []
    limits: list[Limit] = []
    backups = ask("backups")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        for limit in (*measure_history_page(folder / "page"), *measure_many(folder)):
            print(f"{limit.what:62} {limit.value:10.3f} {limit.unit}", flush=True)
            limits.append(limit)
        for row in compare_reading(folder):
            print(f"{row.what:62} {row.theirs:8.3f} {row.ours:8.4f} {row.unit} {row.ratio:7.1f}", flush=True)
            rows.append(row)
        for line in show_growth(folder):
            print(line, flush=True)
            growth.append(line)
    write_report(rows, growth, limits, backups)


if __name__ == "__main__":
    main()
