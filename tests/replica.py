"""A throw-away PostgreSQL server with a physical replica, by streaming replication."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests import postgresql
from tests.postgresql import Server


@contextmanager
def primary_and_replica(binaries: Path) -> Iterator[tuple[Server, Server]]:
    """Both run until it is left. What is committed on the first is on the second a moment later."""
    first, second = postgresql.make_directory(), postgresql.make_directory()
    try:
        primary = postgresql.start(first, binaries)
        replica = replace(primary, port=postgresql.free_port())
        _control(primary, first, "-m", "fast", "stop")
        shutil.copytree(first / "data", second / "data")
        (second / "data" / "standby.signal").touch()
        password = primary.password.replace("\\", "\\\\").replace("'", "\\'")
        source = f"host={primary.host} port={primary.port} user={primary.admin} password='{password}'"
        with (second / "data" / "postgresql.auto.conf").open("a") as file:
            file.write("primary_conninfo = '" + source.replace("\\", "\\\\").replace("'", "''") + "'\n")
        _give(second, first)
        for server, directory in ((primary, first), (replica, second)):
            settings = (
                f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={directory} -c fsync=off "
                "-c max_connections=200 -c log_min_messages=fatal"
            )
            _control(server, directory, "-l", str(directory / "log"), "-o", settings, "-w", "start")
        yield primary, replica
    finally:
        for directory in (second, first):
            if (directory / "data" / "postmaster.pid").exists():
                postgresql.stop(directory, binaries)
            shutil.rmtree(directory, ignore_errors=True)


def _control(server: Server, directory: Path, *arguments: str) -> None:
    """pg_ctl as the account that the server runs as."""
    entry = pwd.getpwuid(directory.stat().st_uid)
    other = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(  # type: ignore[call-overload]
        [str(server.bin / "pg_ctl"), "-D", str(directory / "data"), *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd="/tmp", timeout=60, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **other,
    )  # fmt: skip


def _give(directory: Path, like: Path) -> None:
    """Copied as root, everything belongs to root."""
    status = like.stat()
    for path in (directory, *directory.rglob("*")):
        os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
