"""A backup, and what an environment asks of one, in words."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat

from dashboard.models import Backup
from dashboard.sources.configuration import Environment
from dashboard.views.moments import say_exactly, say_span

_METHODS = {
    "dump": "taken by the dashboard",
    "command": "taken by its command or by the dashboard",
    "attest": "taken by the dashboard or attested by a person",
}


COPIED_FACTS = frozenset({"At revision", "sha256", "File", "Reference", "Kept at"})
"""Values that people carry to a shell or a chat."""


def say_policy(environment: Environment) -> str:
    """`at most 1 h old, taken by the dashboard, read through to its end`."""
    asked = environment.backup
    words = [f"at most {say_span(asked.max_age)} old", _METHODS[asked.method]]
    if asked.verify == "restore":
        words.append("read through to its end, restored into a scratch database and compared")
    elif asked.method == "dump":
        words.append("read through to its end")
    return ", ".join(words)


def say_origin(backup: Backup) -> str:
    """By whom and with what; for attested ones also their word."""
    who = backup.created_by.get_username()
    if backup.method == Backup.Method.ATTEST:
        return f"Kept at {backup.where}, attested by {who}: “{backup.how}”"
    if backup.method == Backup.Method.COMMAND and backup.taken_at:
        return f"Taken by the command {backup.tool} for {who}; its reference: {backup.where or 'none'}."
    return f"Taken for {who} with {backup.tool}." if backup.taken_at else f"Asked for by {who}."


def list_facts(backup: Backup) -> tuple[tuple[str, str], ...]:
    """Names and values in the order of the page, without those that are not known."""
    is_attested = backup.method == Backup.Method.ATTEST
    facts = (
        ("Method", backup.get_method_display()),
        (
            "Attested" if is_attested else "Asked for",
            f"{say_exactly(backup.created_at)} by {backup.created_by.get_username()}",
        ),
        ("Snapshot", say_exactly(backup.taken_at) if backup.taken_at else ""),
        ("At revision", ", ".join(backup.rows) or ("none" if backup.taken_at else "")),
        ("Size", f"{filesizeformat(backup.size)} ({backup.size:,} bytes)" if backup.size else ""),
        ("In the database", filesizeformat(backup.data_bytes) if backup.data_bytes else ""),
        ("sha256", backup.sha256),
        ("Tool", backup.tool),
        ("File", backup.path),
        ("Reference" if backup.method == Backup.Method.COMMAND else "Kept at", backup.where),
        ("Exit code", "" if backup.exit_code is None else str(backup.exit_code)),
    )
    return tuple((name, value) for name, value in facts if value)
