"""Lists of paths inside one ini value, split as Alembic splits them."""

from __future__ import annotations

import os
import re

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


def split_locations(value: str, separator: str | None, legacy: str, said: list[str]) -> tuple[str, ...]:
    """Split `value` at the named separator; without a name at any of the `legacy` characters.

    What is wrong with the name is added to `said`. A line break always separates: no path holds one.
    """
    if separator is not None and separator not in _SEPARATORS:
        known = ", ".join(_SEPARATORS)
        said.append(f"{separator!r} is no path separator; Alembic knows {known}.")
        separator = None
    characters = legacy if separator is None else _SEPARATORS[separator]
    parts = re.split(f"[{re.escape(characters)}\n]", value)
    return tuple(part.strip() for part in parts if part.strip())
