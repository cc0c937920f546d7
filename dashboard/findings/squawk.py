"""Asks squawk, a linter of PostgreSQL's SQL, as a process that has no network business and gets none of our variables."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dashboard.findings.finding import FindingsUnavailable

CONFIGURATION = Path(__file__).with_name("squawk.toml")
"""Ours, so that no .squawk.toml of whatever directory this runs in decides."""
SECONDS = 60.0
SYNTAX_ERROR = "syntax-error"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line of squawk's. `line` from 1."""

    rule: str
    line: int
    column: int
    message: str


def ask_squawk(sql: str, *, server: str = "") -> tuple[Complaint, ...]:
    """Everything that squawk says of the text. With a syntax error it says nothing else. Raises FindingsUnavailable.

    `server`: as an observation tells it, "PostgreSQL 15.18" say; empty: the newest is assumed.
    """
    command = [_program(), "--config", str(CONFIGURATION), "--reporter", "json", "--stdin-filepath", "plan.sql"]
    if version := re.search(r"\d+(?:\.\d+)?", server):
        command.append(f"--pg-version={version.group()}")
    try:
        done = subprocess.run(
            command, input=sql, capture_output=True, text=True, encoding="utf-8", env={}, timeout=SECONDS, check=False
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise FindingsUnavailable(f"squawk did not end within {SECONDS:.0f} s.") from None
    except (OSError, ValueError) as error:
        raise FindingsUnavailable(
            f"squawk gave no answer ({type(error).__name__}). Install requirements.txt."
        ) from None
    return tuple(Complaint(c["rule_name"], c["line"] + 1, c["column"], c["message"]) for c in found)


def _program() -> str:
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise FindingsUnavailable("squawk is not installed. Install requirements.txt.")
    return found
