"""The whole product in a folder of its own: web, worker and observer as real processes on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("development", "staging", "production")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "web": ("-m", "gunicorn", "--config", str(ROOT / "dashboard" / "gunicorn_conf.py"), "dashboard.wsgi"),
    "worker": (str(ROOT / "manage.py"), "db_worker", "--interval", "0.1", "--no-startup-delay"),
    "observer": (str(ROOT / "manage.py"), "observer"),
}
START_SECONDS = 30
STOP_SECONDS = 10


class ProductBroken(AssertionError):
    """One of the product's processes did not do what it must; holds its output."""


@dataclass
class Product:
    """A folder with dashboard.toml, api/ and data/, and the processes that serve it."""

    directory: Path
    port: int
    variables: dict[str, str]
    """What the product's processes have beyond PATH, HOME and the like."""
    databases: dict[str, dict[str, str]]
    """Environment -> the variables by which api/ finds its database."""
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        """Starts `web`, `worker`, `observer`; web answers when this returns."""
        for name in names:
            with self._log(name).open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    [sys.executable, *COMMANDS[name]],
                    cwd=self.directory,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        if "web" in names:
            self._wait_until_it_answers()

    def pid(self, name: str) -> int:
        """Of a process that was started."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL, as when the machine's memory runs out."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """SIGTERM to all; whatever is left after STOP_SECONDS is killed."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`manage.py ...` in the product's folder; the caller looks at the exit code."""
        return self._run([sys.executable, str(ROOT / "manage.py"), *arguments], self.directory, self._environment())

    def alembic(self, environment: str, *arguments: str) -> str:
        """Standard output of `alembic ...`, run by hand in api/ against an environment's database."""
        return self.run_module(environment, "alembic", *arguments)

    def run_module(self, environment: str, *module: str) -> str:
        """Standard output of `python -m module ...` in api/, with an environment's variables. Raises ProductBroken."""
        variables = {**_system_variables(), **self.databases[environment]}
        done = self._run([sys.executable, "-m", *module], self.directory / "api", variables)
        if done.returncode:
            raise ProductBroken(done.stderr)
        return done.stdout

    def current(self, environment: str) -> list[str]:
        """The rows of an environment's version table, as `alembic current` says."""
        return [line.split()[0] for line in self.alembic(environment, "current").splitlines() if line.strip()]

    def output(self, name: str) -> str:
        """Everything that a process has printed so far."""
        path = self._log(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        return {**_system_variables(), "PYTHONPATH": str(ROOT), "PORT": str(self.port), **self.variables}

    def _run(self, command: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._processes["web"].poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/login/", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                raise ProductBroken(f"/login/ answers {error.code}\n{self.output('web')}") from error
            except OSError:
                time.sleep(0.1)
        raise ProductBroken(f"web does not answer\n{self.output('web')}")


def _system_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
