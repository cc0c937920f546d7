"""Writes docs/benchmarks.md, and the table of the README between its markers."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.results import Growth, Limit, Row

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- benchmarks: begin (make benchmarks writes what follows) -->", "<!-- benchmarks: end -->"
README_ROWS = ("cold, 1,000", "cold, 5,000", "nothing changed", "state at head", "peak memory")


BACKUPS_BEGIN, BACKUPS_END = "<!-- backups: begin -->", "<!-- backups: end -->"


def write_report(
    rows: Sequence[Row], growth: Sequence[Growth], limits: Sequence[Limit], backups: Sequence[Limit]
) -> None:
    """Both files, from one run."""
    (ROOT / "docs" / "benchmarks.md").write_text(_page(rows, growth, limits, backups))
    readme = ROOT / "README.md"
    table = f"{BEGIN}\n{_for_readme(rows, limits)}\n{END}"
    readme.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: table, readme.read_text(), flags=re.S))


def write_backups(backups: Sequence[Limit]) -> None:
    """Their part of the page alone, as they were measured now."""
    page = ROOT / "docs" / "benchmarks.md"
    part = f"{re.escape(BACKUPS_BEGIN)}.*?{re.escape(BACKUPS_END)}"
    page.write_text(re.sub(part, lambda _: _backups(backups), page.read_text(), flags=re.S))


def _page(rows: Sequence[Row], growth: Sequence[Growth], limits: Sequence[Limit], backups: Sequence[Limit]) -> str:
    missed = [row.what for row in rows if not row.is_met]
    missed += [limit.what for limit in (*limits, *backups) if not limit.is_met]
    verdict = f"Not reached in this run: {'; '.join(missed)}." if missed else "Every target was reached in this run."
    return f"""# Benchmarks

`make benchmarks` makes this page, in one run; nothing of it is a test. {verdict}

{datetime.now(UTC):%d %B %Y}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, Alembic {version("alembic")}. Medians of five or more, each in
a process of its own. Seconds are CPU time, so that what else the machine does counts least; answers of the web process
are by the clock. Files are made up: 7 KB as autogenerate writes them, or half a KB. *Cold* is as after a checkout: Alembic
compiles the files and writes the result, unless said otherwise. *Branched*: one revision of fourteen begins a branch, and all are merged.

## Against Alembic, on the same files

From files to a walked history, in process, after imports; for the state of an environment, against the process `alembic current`.

| what | Alembic | dashboard | times | target |
| --- | ---: | ---: | ---: | ---: |
{_table(rows)}

## Growth

Branched, small files. *Again*: nothing changed since the process last read it. *Kept*: read by another process before.
*Pending*: what an empty database would get, in order, with nothing kept. Alembic has its compiled files at hand.

| revisions | cold | cold, a revision | again | kept | pending | memory | Alembic |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(_growth(line) for line in growth)}

## Pages and many environments

| what | measured | at most |
| --- | ---: | ---: |
{chr(10).join(_limit(limit) for limit in limits)}

{_backups(backups)}
"""


def _backups(backups: Sequence[Limit]) -> str:
    """Between its markers."""
    return f"""{BACKUPS_BEGIN}
## Backups, proof and rehearsal of a large database

Measured {datetime.now(UTC):%d %B %Y}, by the clock; `python -m benchmarks.backups` measures this part alone. Rows of text that hardly compresses,
on a PostgreSQL and a disk that the measuring shares two cores with. *By hand* is the same pg_dump with the same options, in turns. A rehearsal
restores the backup, gathers statistics, adds a column and, on PostgreSQL, rewrites a third of the rows.

| what | measured | at most |
| --- | ---: | ---: |
{chr(10).join(_limit(limit) for limit in backups)}
{BACKUPS_END}"""


def _table(rows: Sequence[Row]) -> str:
    return "\n".join(
        f"| {row.what} | {_value(row.theirs, row.unit)} | {_value(row.ours, row.unit)} | {_times(row)} | {_target(row)} |"
        for row in rows
    )


def _times(row: Row) -> str:
    return f"{row.ratio:.0f}" if row.ratio >= 10 else f"{row.ratio:.1f}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{row.target:g}" if row.is_met else f"{row.target:g}, **missed**"


def _growth(line: Growth) -> str:
    return (
        f"| {line.size:,} | {_value(line.cold, 's')} | {line.cold / line.size * 1e6:.0f} µs | {_value(line.again, 's')} "
        f"| {_value(line.kept, 's')} | {_value(line.pending, 's')} | {line.megabytes:.0f} MB | {'' if line.alembic is None else _value(line.alembic, 's')} |"
    )


def _limit(limit: Limit) -> str:
    most = "" if limit.limit is None else f"{limit.limit:g} {limit.unit}".strip()
    missed = "" if limit.is_met else ", **missed**"
    return f"| {limit.what} | {_short(limit)} | {most}{missed} |"


def _short(limit: Limit) -> str:
    value = f"{limit.value:.3g}" if limit.value < 1000 else f"{limit.value:,.0f}"
    return f"{value} {limit.unit}".strip()


def _for_readme(rows: Sequence[Row], limits: Sequence[Limit]) -> str:
    chosen = [row for row in rows if row.target is not None and row.what.startswith(README_ROWS)]
    lines = "\n".join(
        f"| {row.what} | {_value(row.theirs, row.unit)} | {_value(row.ours, row.unit)} | {row.ratio:.3g} |"
        for row in chosen
    )
    pages = "; ".join(f"{limit.what}: {_short(limit)}" for limit in limits if limit.limit)
    return f"""| reading, against Alembic on the same files | Alembic | dashboard | times |
| --- | ---: | ---: | ---: |
{lines}

{pages}. [docs/benchmarks.md](docs/benchmarks.md) has all of it, and how it was measured."""


def _value(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:.1f} {unit}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"
