"""Keeps what was measured in docs/benchmarks.json, and writes from it docs/benchmarks.md and the table of the README."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.results import Growth, Limit, Result, Row

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "benchmarks.json"
BEGIN, END = "<!-- benchmarks: begin (make benchmarks writes what follows) -->", "<!-- benchmarks: end -->"
README_ROWS = ("cold, 1,000", "cold, 5,000", "nothing changed", "state at head", "peak memory")
LIMITS = {
    "pages": (
        "The history page of 10,000 revisions",
        "Through the web process, warm, by the clock; scrolling and loading more in a real browser, whose own clock tells long "
        "tasks. Processor time is from its trace, which takes some itself.",
    ),
    "overview": (
        "The overview of 3 projects with 200 environments",
        "First paint in a real browser, static files cached.",
    ),
    "many": (
        "500 environments of one project",
        "On one PostgreSQL server; the dead ones accept a connection and say nothing.",
    ),
    "run_cost": (
        "A run",
        "Against `alembic upgrade head` of the same 50 revisions. A click is a confirmation, until the first revision begins.",
    ),
    "compare": ("Comparing", "Git refs of one repository, by a process that has read nothing before, and once more."),
    "backups": (
        "Backups, proof and rehearsal of a large database",
        "By the clock. Rows of text that hardly compresses, on a PostgreSQL and a disk that the measuring shares two cores "
        "with. *By hand* is the same pg_dump with the same options, in turns. A rehearsal restores the backup, gathers "
        "statistics, adds a column and, on PostgreSQL, rewrites a third of the rows.",
    ),
}
"""By part: the title of its table, and how it was measured."""


def keep(part: str, found: Sequence[Result]) -> None:
    """Takes the place of what was measured of the part before."""
    kept = _kept()
    kept[part] = {"measured": f"{datetime.now(UTC):%d %B %Y}", "results": [asdict(result) for result in found]}
    KEPT.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_report() -> None:
    """Both files, from what is kept."""
    kept = _kept()
    rows = [Row(**plain) for plain in _results(kept, "reading")]
    growth = [Growth(**plain) for plain in _results(kept, "growth")]
    limits = {part: [Limit(**plain) for plain in _results(kept, part)] for part in LIMITS}
    days = {part: kept[part]["measured"] for part in kept}
    (ROOT / "docs" / "benchmarks.md").write_text(_page(rows, growth, limits, days), encoding="utf-8")
    readme = ROOT / "README.md"
    table = f"{BEGIN}\n{_for_readme(rows, limits)}\n{END}"
    readme.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: table, readme.read_text(), flags=re.S))


def _kept() -> dict[str, Any]:
    return dict(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else {}


def _results(kept: dict[str, Any], part: str) -> list[dict[str, Any]]:
    return list(kept[part]["results"]) if part in kept else []


def _page(rows: Sequence[Row], growth: Sequence[Growth], limits: dict[str, list[Limit]], days: dict[str, str]) -> str:
    missed = [row.what for row in rows if not row.is_met]
    missed += [limit.what for part in limits.values() for limit in part if not limit.is_met]
    verdict = f"Not reached: {'; '.join(missed)}." if missed else "Every target was reached."
    return f"""# Benchmarks

`make benchmarks` makes this page; `python -m benchmarks PART` measures a part of it anew. Nothing of it is a test. {verdict}

{platform.system()} {platform.machine()}, two cores, Python {platform.python_version()}, Alembic {version("alembic")}. Medians of five or more. Of reading, seconds are CPU time of a process of
its own, so that what else the machine does counts least. Files are made up: 7 KB as autogenerate writes them, or half a KB. *Cold* is as after a
checkout: Alembic compiles the files and writes the result, unless said otherwise. *Branched*: one revision of fourteen begins a branch, and all are merged.

## Against Alembic, on the same files

From files to a walked history, in process, after imports; for the state of an environment, against the process `alembic current`.
Measured {days.get("reading", "")}.

| what | Alembic | dashboard | times | target |
| --- | ---: | ---: | ---: | ---: |
{_table(rows)}

## Growth

Branched, small files. *Again*: nothing changed since the process last read it. *Kept*: read by another process before.
*Pending*: what an empty database would get, in order, with nothing kept. Alembic has its compiled files at hand.
Measured {days.get("growth", "")}.

| revisions | cold | cold, a revision | again | kept | pending | memory | Alembic |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(_growth(line) for line in growth)}

{chr(10).join(_section(part, found, days[part]) for part, found in limits.items() if found)}"""


def _section(part: str, found: Sequence[Limit], day: str) -> str:
    title, how = LIMITS[part]
    return f"""## {title}

{how} `python -m benchmarks {part}`, {day}.

| what | measured | at most |
| --- | ---: | ---: |
{chr(10).join(_limit(limit) for limit in found)}
"""


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


def _for_readme(rows: Sequence[Row], limits: dict[str, list[Limit]]) -> str:
    chosen = [row for row in rows if row.target is not None and row.what.startswith(README_ROWS)]
    lines = "\n".join(
        f"| {row.what} | {_value(row.theirs, row.unit)} | {_value(row.ours, row.unit)} | {row.ratio:.3g} |"
        for row in chosen
    )
    others = "\n".join(_limit(limit) for part in limits.values() for limit in part if limit.limit is not None)
    return f"""| reading, against Alembic on the same files | Alembic | dashboard | times |
| --- | ---: | ---: | ---: |
{lines}

| and else | measured | at most |
| --- | ---: | ---: |
{others}

[docs/benchmarks.md](docs/benchmarks.md) has all of it, and how it was measured."""


def _value(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:.1f} {unit}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"
