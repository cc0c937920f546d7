"""Reads tests/faults.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("faults.toml")


def load_faults() -> dict[int, str]:
    """Number -> sentence, in the order of the file. ValueError where a number stands twice."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))["fault"]
    faults = {entry["number"]: entry["sentence"] for entry in entries}
    if len(faults) != len(entries):
        raise ValueError(f"{FILE} gives a number twice")
    return faults
