"""How gunicorn serves the dashboard: BIND (default 127.0.0.1) and PORT (default 8000) say where.

In the demo mode everybody knows every password, so it refuses any address but loopback.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_open_demo(hosts: list[str]) -> None:
    """Exits where the demo mode would listen on anything but loopback."""
    if os.environ.get("DASHBOARD_DEMO") != "1":
        return
    if open_hosts := [host for host in hosts if not is_loopback(host)]:
        sys.exit(
            f"The demo mode does not listen on {', '.join(open_hosts)}: its passwords are known to everybody. "
            "Unset BIND, or serve without DASHBOARD_DEMO (make serve)."
        )


def on_starting(server: Any) -> None:
    """Looks again at the addresses gunicorn really binds: --bind and GUNICORN_CMD_ARGS replace `bind`."""
    refuse_open_demo([address[0] for address in server.cfg.address if isinstance(address, tuple)])


_host = os.environ.get("BIND") or "127.0.0.1"
refuse_open_demo([_host])

bind = [f"[{_host}]:{os.environ.get('PORT', '8000')}" if ":" in _host else f"{_host}:{os.environ.get('PORT', '8000')}"]
worker_class = "gthread"
workers = 2
threads = 8
limit_request_line = 8190  # the most that gunicorn allows; a longer address is answered by gunicorn itself, 414
graceful_timeout = 4  # honcho waits 5 seconds
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108  (a heartbeat on disk can block)
