"""Reads what a child writes without ever waiting for it."""

from __future__ import annotations

import os

from dashboard.plain_text import LINE_CHARACTERS


class Lines:
    """Lines of a descriptor that does not block; past `limit` characters they are counted and dropped."""

    def __init__(self, descriptor: int, limit: int | None) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._rest = b""
        self._limit = limit
        self._kept = 0
        self._dropped = 0

    def read(self, *, last: bool) -> list[str]:
        """The whole lines that came since the last call; with `last` also an unfinished one."""
        chunk = self._chunk()
        pieces = (self._rest + chunk).split(b"\n")
        self._rest = pieces.pop()
        if self._limit is not None and len(self._rest) > 16 * LINE_CHARACTERS:  # a line without an end
            pieces.append(self._rest)
            self._rest = b""
        if last and self._rest:
            pieces.append(self._rest)
            self._rest = b""
        lines = [kept for piece in pieces if (kept := self._keep(piece.decode("utf-8", "replace"))) is not None]
        if last and self._dropped:
            lines.append(f"… {self._dropped:,} more characters of output were not kept.")
            self._dropped = 0
        return lines

    def _chunk(self) -> bytes:
        if self.ended:
            return b""
        try:
            chunk = os.read(self.descriptor, 65_536)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        self.ended = not chunk
        return chunk

    def _keep(self, line: str) -> str | None:
        if self._limit is not None and self._kept > self._limit:
            self._dropped += len(line)
            return None
        self._kept += len(line)
        return line
