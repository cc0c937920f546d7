"""Five hundred environments of one project, some of them dead, read under one deadline."""

from __future__ import annotations

import socket
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dashboard.revisions.status import Reason, State
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.read_status import read_statuses
from tests.alembic_project import make_project

ENVIRONMENTS, DEAD, REVISIONS, SECONDS = 500, 10, 12, 10


@pytest.mark.fault(49)
def test_dead_hosts_cost_the_others_nothing(tmp_path: Path, settings: Any, transactional_db: None) -> None:
    project = make_project(tmp_path / "project")
    for number in range(REVISIONS):
        project.add(f"r{number}", "pass")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(DEAD)
        write_configuration(tmp_path, silent.getsockname()[1])
        settings.DASHBOARD_CONFIG, settings.DASHBOARD_DATA = tmp_path / "dashboard.toml", tmp_path / "var"
        settings.DASHBOARD_READ_TIMEOUT_SECONDS = SECONDS

        observed = observe_environments()

    assert Counter(o.reason for o in observed) == {"": ENVIRONMENTS - DEAD, Reason.TIMEOUT: DEAD}
    (status,) = read_statuses()
    for number, found in enumerate(status.environments):
        if number < DEAD:
            assert found.status.state is State.UNREACHABLE
            continue
        stands = number % REVISIONS
        assert [record.revision for record in found.status.pending] == [f"r{n}" for n in range(stands + 1, REVISIONS)]


def write_configuration(folder: Path, silent: int) -> None:
    """The first DEAD environments are on a port that accepts and never answers; the others at r0, r1 and so on."""
    lines = [f'[projects.api]\ndirectory = "project"\npython = "{sys.executable}"\n']
    for number in range(ENVIRONMENTS):
        url = f"postgresql://u:p@127.0.0.1:{silent}/tenant{number}" if number < DEAD else f"sqlite:///{number}.db"
        lines.append(f'[projects.api.environments.tenant{number}]\nurl = "{url}"\n')
        if number < DEAD:
            continue
        connection = sqlite3.connect(folder / f"{number}.db")
        with connection:
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (f"r{number % REVISIONS}",))
        connection.close()
    (folder / "dashboard.toml").write_text("".join(lines))
