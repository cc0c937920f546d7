"""The history page of ten thousand revisions: the server's time, its size, and what a browser has to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results import Limit
from benchmarks.scrolling import scroll
from benchmarks.served import Served, serve

REVISIONS = 10_000
PATH = "/projects/shop/history/?environment=production"
GIT_SECONDS = 300
ANSWERS_WITH_AUTHORS = 20
"""In a row, so that each of the processes has given some."""


def measure_history_page(folder: Path) -> Iterator[Limit]:
    """Branched, under git, with authors; through the web process."""
    with serve(folder, REVISIONS) as served:
        _wait_for_authors(served)
        seconds, size = served.warm(PATH)
        yield Limit("first page of 10,000 revisions, warm: answer", seconds * 1000, "ms", 100)
        yield Limit("the same, compressed", size / 1000, "KB", 60)
        for what, query in (("search", "&q=ada+order"), ("those pending", "&show=pending")):
            yield Limit(f"the same, {what}", served.warm(f"{PATH}{query}")[0] * 1000, "ms", 100)
        work = scroll(served, PATH)
        yield Limit("longest task while scrolling, processor time", max(work.scrolling), "ms", None)
        yield Limit("longest task while 200 more rows are loaded, processor time", max(work.more), "ms", None)
        yield Limit("tasks over 50 ms while scrolling, by the clock", work.long_scrolling, "", 0)
        yield Limit("tasks over 50 ms while loading more, by the clock", work.long_more, "", None)
        yield Limit("rows in the page at last", work.rows, "", None)


def _wait_for_authors(served: Served) -> None:
    """Until every web process has them from git: a page without is smaller and quicker. Raises where they never come."""
    until, complete = time.monotonic() + GIT_SECONDS, 0
    while complete < ANSWERS_WITH_AUTHORS:
        if time.monotonic() > until:
            raise RuntimeError(f"git has not told the authors within {GIT_SECONDS} s")
        if b"history-author" in served.body(PATH):
            complete += 1
        else:
            complete = 0
            time.sleep(1)
