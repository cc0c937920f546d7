"""The errors of reading a script directory."""

from __future__ import annotations


class ScriptDirectoryError(Exception):
    """There is no usable configuration or script directory at all. The message says what to mend."""
