"""The contents of git's objects, by one process for all of them, while what came is looked through."""

from __future__ import annotations

import errno
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dashboard.sources.files import LARGEST_FILE
from dashboard.sources.git import git_command, git_environment

_SECONDS = 60.0
"""For all objects of one call; what has not come by then is missing."""
_PIECE = 1 << 20


def stream_blobs(directory: Path, blobs: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
    """(id, contents) of each object, in the order asked for. One that is too large or missing has an error instead.

    One process for all: git keeps the bases of packed objects, and unpacks them anew for each process. It runs ahead
    by what a pipe holds. Without git, or when it dies, the objects that are left are missing.
    """
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return
    told = 0
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{blob}\n" for blob in wanted).encode("ascii"))
        asked.seek(0)
        for number, found in enumerate(_stream(directory, asked), 1):
            told = number
            yield found
    yield from ((blob, _missing()) for blob in wanted[told:])


def read_blobs(directory: Path, blobs: Iterable[str]) -> dict[str, bytes | OSError]:
    """The same, at once."""
    return dict(stream_blobs(directory, blobs))


def _stream(directory: Path, asked: IO[bytes]) -> Iterator[tuple[str, bytes | OSError]]:
    try:
        git = subprocess.Popen(
            git_command(directory, "cat-file", "--batch", "--buffer"),
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=git_environment(),
            bufsize=_PIECE,
        )
    except OSError:
        return
    assert git.stdout is not None
    limit = threading.Timer(_SECONDS, git.kill)
    limit.daemon = True
    limit.start()
    try:
        for line in git.stdout:
            blob, *about = line.decode("ascii", "replace").split()
            if len(about) != 2:
                yield blob, _missing()
                continue
            content = _take(git.stdout, int(about[1]))
            if content is None:
                return
            yield blob, content if about[0] == "blob" else _missing()
    finally:
        limit.cancel()
        git.kill()
        git.stdout.close()
        git.wait()


def _take(pipe: IO[bytes], size: int) -> bytes | OSError | None:
    """The object that comes now, and its line feed. None where the pipe ends before it does."""
    if size <= LARGEST_FILE:
        content = pipe.read(size + 1)
        return content[:-1] if len(content) == size + 1 else None
    left = size + 1
    while left:
        piece = len(pipe.read(min(left, _PIECE)))
        if not piece:
            return None
        left -= piece
    return OSError(errno.EFBIG, f"The file has {size:,} bytes")


def _missing() -> OSError:
    return OSError(errno.ENOENT, "The repository lacks the file")
