"""How much memory a process and its children take at most, from one moment to another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path


class Memory:
    """Of one process and those of its children that live from the beginning to the end. Linux alone tells."""

    def __init__(self, pid: int) -> None:
        self._before: dict[int, float] = {}
        for found in _family(pid):
            Path(f"/proc/{found}/clear_refs").write_text("5")  # the peak counts from now on
            self._before[found] = _read(found, "VmRSS")

    def growth(self) -> float:
        """MB, of the one that grew most, from the beginning to its peak."""
        alive = {pid: before for pid, before in self._before.items() if Path(f"/proc/{pid}").exists()}
        return max(_read(pid, "VmHWM") - before for pid, before in alive.items())


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _read(pid: int, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found, f"/proc tells no {name}"
    return int(found[1]) / 1024
