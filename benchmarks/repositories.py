"""Puts a written project under git, one commit a revision, as a team would have."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.projects import Revision

AUTHORS = (
    "Ada Byron",
    "Grace Murray",
    "Edsger Wybe",
    "Barbara Huberman",
    "Niklaus Emil",
    "Frances Elizabeth",
    "Tony Hoare",
)
_FIRST = 1_551_700_000
_HOURS_APART = 3


def commit_history(directory: Path, revisions: list[Revision]) -> None:
    """A repository in `directory` whose branch main has every file; the work tree is clean."""
    files = {path.name.split("_", 1)[0]: path for path in (directory / "alembic" / "versions").glob("*.py")}
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=directory, check=True)
    stream = b"".join(_commits(directory, revisions, files))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=directory, input=stream, check=True)
    subprocess.run(["git", "reset", "--quiet"], cwd=directory, check=True)


def _commits(directory: Path, revisions: list[Revision], files: dict[str, Path]) -> Iterator[bytes]:
    yield _commit(0, "Set Alembic up", [directory / "alembic.ini", directory / "alembic" / "env.py"], directory)
    for number, revision in enumerate(revisions, start=1):
        yield _commit(number, revision.message, [files[revision.id]], directory)


def _commit(number: int, message: str, paths: list[Path], directory: Path) -> bytes:
    who = f"{AUTHORS[number % len(AUTHORS)]} <dev@example.org> {_FIRST + number * _HOURS_APART * 3600} +0000"
    text = message.encode()
    lines = f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(text)}\n".encode() + text + b"\n"
    for path in paths:
        content = path.read_bytes()
        lines += f"M 100644 inline {path.relative_to(directory).as_posix()}\ndata {len(content)}\n".encode()
        lines += content + b"\n"
    return lines
