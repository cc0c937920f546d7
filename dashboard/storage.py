"""The dashboard's own storage, where it is a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def keep_private(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """On each new connection: a SQLite file is its owner's alone, as are the two that SQLite lays beside it.

    It holds password hashes and sessions. SQLite makes a file with what the umask leaves, and gives its own to the others.
    """
    if connection.vendor != "sqlite":
        return
    path = Path(str(connection.settings_dict["NAME"]))
    try:
        mode = path.stat()
        if mode.st_uid == os.getuid() and stat.S_IMODE(mode.st_mode) & 0o077:
            path.chmod(0o600)
    except OSError:
        return  # in memory, or somebody else's
