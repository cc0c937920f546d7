"""The dashboard's own storage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_storage_file_is_its_owners_alone(tmp_path: Path) -> None:
    variables = {**os.environ, "DASHBOARD_DATA": str(tmp_path)}
    variables.pop("DASHBOARD_DATABASE_URL", None)

    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=variables, check=True, umask=0o022
    )

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("dashboard.sqlite3*")}
    assert modes["dashboard.sqlite3"] == 0o600 and set(modes.values()) == {0o600}
