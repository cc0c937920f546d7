"""Whether a project's own interpreter takes a file that ours does not: another Python has another grammar."""

from __future__ import annotations

import subprocess

_PROGRAM = "import sys; compile(sys.stdin.buffer.read(), 'revision', 'exec')"
SECONDS = 10.0


def interpreter_takes(python: str, content: bytes) -> bool:
    """Compiles the bytes and runs nothing of them. False also where the interpreter cannot be started."""
    try:
        done = subprocess.run(
            [python, "-I", "-S", "-c", _PROGRAM], input=content, env={}, capture_output=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
