"""Finds pg_dump and pg_restore in a version that fits the server, and tells them where it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import BackupUnavailable, Tooling
from dashboard.databases.database import DatabaseUnavailable
from dashboard.databases.postgresql.connection import libpq_variables, open_connection

APPLICATION = "alembic-dashboard backup"

_WELL_KNOWN = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True, slots=True, order=True)
class Programs:
    """pg_dump and pg_restore of one folder."""

    version: tuple[int, int]
    folder: Path

    @property
    def number(self) -> str:
        """`15.18`"""
        return f"{self.version[0]}.{self.version[1]}"


def find_programs_for(target: DatabaseTarget, tools: str, *, timeout: float) -> Tooling:
    """Programs of the server's own major version, else the next newer. Raises BackupUnavailable."""
    try:
        with open_connection(target, application=APPLICATION, timeout=timeout) as connection:
            major, minor = divmod(connection.server_version, 10_000)
    except DatabaseUnavailable as error:
        raise BackupUnavailable(error.detail) from None
    found = list_programs(tools)
    fitting = [programs for programs in found if programs.version[0] >= major]
    if not fitting:
        raise BackupUnavailable(_explain_lack(found, tools, f"{major}.{minor}", major))
    chosen = min(fitting, key=lambda programs: programs.version[0])
    newer = chosen.version[0] > major
    return Tooling(
        version=f"pg_dump {chosen.number}",
        server=f"PostgreSQL {major}.{minor}",
        folder=chosen.folder,
        warning=(
            f"pg_dump {chosen.number} is newer than the server {major}.{minor}: restoring into a server of that "
            f"version may need by-hand work. Install PostgreSQL {major}'s client programs."
            if newer
            else ""
        ),
    )


def list_programs(tools: str) -> list[Programs]:
    """Those in the folder `tools`; where it is empty, in the usual folders and on PATH; the newest first."""
    folders = [Path(tools)] if tools else [*_usual_folders(), *_on_path()]
    versions = [(folder, _version(folder)) for folder in dict.fromkeys(folders)]
    return sorted((Programs(version, folder) for folder, version in versions if version), reverse=True)


@contextmanager
def program_environment(target: DatabaseTarget | None) -> Iterator[dict[str, str]]:
    """The variables for a program that connects to `target`; the password lies in a file that is deleted."""
    # HOME holds ~/.postgresql/root.crt, which sslmode=verify-full needs.
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
    environment |= {"LC_ALL": "C.UTF-8", "LC_MESSAGES": "C"}
    if target is None:
        yield environment
        return
    with tempfile.TemporaryDirectory(prefix="alembic-dashboard-") as folder:
        environment |= libpq_variables(target)
        environment |= {"PGAPPNAME": APPLICATION, "PGCONNECT_TIMEOUT": "10"}
        environment["PGPASSFILE"] = str(_write_password(Path(folder), target.password))
        yield environment


def _write_password(folder: Path, password: str) -> Path:
    if "\n" in password or "\0" in password:
        raise BackupUnavailable("pg_dump cannot be given a password with a line break. Choose another password.")
    path = folder / "password"
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    path.touch(mode=0o600)
    path.write_text(f"*:*:*:*:{escaped}\n")
    return path


def _usual_folders() -> list[Path]:
    return [folder for pattern in _WELL_KNOWN for folder in Path("/").glob(pattern.removeprefix("/"))]


def _on_path() -> list[Path]:
    found = shutil.which("pg_dump")
    return [Path(found).resolve().parent, Path(found).parent] if found else []


def _version(folder: Path) -> tuple[int, int] | None:
    """Of the folder's pg_dump; None where it or its pg_restore is missing or does not start."""
    if not (folder / "pg_restore").is_file():
        return None
    try:
        said = subprocess.run(
            [folder / "pg_dump", "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(rb"(\d+)(?:\.(\d+))?", said.stdout)
    return (int(match[1]), int(match[2] or 0)) if match else None


def _explain_lack(found: Sequence[Programs], tools: str, server: str, major: int) -> str:
    mend = f"Install PostgreSQL {major}'s client programs, or set backup.tools to the folder that holds them."
    if not found:
        where = f"in {tools}" if tools else "in the usual folders or on PATH"
        return f"pg_dump and pg_restore were not found {where}; the server is PostgreSQL {server}. {mend}"
    had = ", ".join(f"{programs.number} in {programs.folder}" for programs in found)
    return f"pg_dump is older than the server PostgreSQL {server}: found {had}. {mend}"
