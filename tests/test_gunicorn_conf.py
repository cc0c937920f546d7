"""The demo listens on loopback alone: a real gunicorn, asked to do otherwise, does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.gunicorn_conf import is_loopback
from tests.postgresql import free_port


def start(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Starts gunicorn and waits for its end; --check-config ends it where nothing is refused."""
    command = [sys.executable, "-m", "gunicorn", "--config", "dashboard/gunicorn_conf.py", *arguments]
    environment = {"PATH": os.environ["PATH"], "PORT": str(free_port()), **variables}
    return subprocess.run(
        [*command, "dashboard.wsgi"], cwd=root, env=environment, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "localhost.example.com"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_the_demo_refuses_another_address(repository_root: Path) -> None:
    done = start(repository_root, BIND="0.0.0.0", DASHBOARD_DEMO="1")

    assert done.returncode != 0
    assert "The demo mode does not listen on 0.0.0.0" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_refuses_an_address_of_the_command_line(repository_root: Path, tmp_path: Path) -> None:
    address = f"0.0.0.0:{free_port()}"

    done = start(repository_root, "--bind", address, DASHBOARD_DEMO="1", DASHBOARD_DATA=str(tmp_path))

    assert done.returncode != 0
    assert "The demo mode does not listen on 0.0.0.0" in done.stderr


def test_outside_of_the_demo_any_address_may_be_served(repository_root: Path, tmp_path: Path) -> None:
    done = start(repository_root, "--check-config", BIND="0.0.0.0", DASHBOARD_DATA=str(tmp_path))

    assert "does not listen" not in done.stderr
