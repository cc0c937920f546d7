"""Foreign text without anything that a terminal or a page would take for more than text."""

from __future__ import annotations

import re

LINE_CHARACTERS = 4_000

_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean_line(line: str) -> str:
    """Without terminal codes and control characters, at most LINE_CHARACTERS long."""
    text = _CONTROL_CHARACTERS.sub("", _TERMINAL_CODES.sub("", line)).rstrip()
    if len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]} … ({len(text) - LINE_CHARACTERS} more characters)"
