"""What a failure of PostgreSQL means: a reason of the design, and words that say what to do next."""

from __future__ import annotations

from typing import Any

from dashboard.database_target import DatabaseTarget
from dashboard.databases.database import DatabaseUnavailable
from dashboard.revisions.status import Reason
from dashboard.secrets import Masker

# Failures to connect carry no SQLSTATE, so libpq's and the server's own words are all there is. On a server that
# speaks another language the first two kinds still match, and the rest reads as "refused" with the server's words.
_CONNECTION_WORDS: tuple[tuple[Reason, tuple[str, ...], str], ...] = (
    (
        Reason.TIMEOUT,
        ("timeout expired", "timed out"),
        "Check that the host is right and that no firewall drops the packets.",
    ),
    (
        Reason.REFUSED,
        ("Connection refused", "could not translate host name", "No such file or directory", "unreachable"),
        "Check host and port, and that the server is running.",
    ),
    (
        Reason.AUTHENTICATION,
        (
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "not permitted to log in",
            "SASL",
            "SCRAM",
            "certificate",
            "pg_hba.conf rejects",
        ),
        "Check user and password, and the server's pg_hba.conf.",
    ),
    (
        Reason.AUTHENTICATION,
        ('role "', "no such user"),
        "Check the user's name, or create the role on the server.",
    ),
    (
        Reason.PERMISSION,
        ("permission denied for database",),
        "Grant this role CONNECT on the database.",
    ),
    (
        Reason.NO_DATABASE,
        ("does not exist", "no such database"),
        "Check the database's name, or create the database.",
    ),
    (
        Reason.REFUSED,
        ("too many connections", "too many clients", "connection slots"),
        "Wait until connections are free, or raise max_connections.",
    ),
    (
        Reason.REFUSED,
        ("starting up", "shutting down", "recovery"),
        "Wait until the server is ready, then refresh.",
    ),
    (
        Reason.REFUSED,
        ("SSL",),
        "Make sslmode in the environment's options agree with the server.",
    ),
)

_STATES: dict[str, tuple[Reason, str]] = {
    "42501": (Reason.PERMISSION, "Grant this role the right that it lacks."),
    "55P03": (Reason.LOCKED, "Wait until the other transaction has ended, then refresh."),
    "57014": (Reason.TIMEOUT, "The server was too slow to answer. Try again when it is less busy."),
    "28P01": (Reason.AUTHENTICATION, "Check user and password."),
    "28000": (Reason.AUTHENTICATION, "Check user and password."),
    "3D000": (Reason.NO_DATABASE, "Check the database's name, or create the database."),
}


def explain_failure(error: Any, target: DatabaseTarget) -> DatabaseUnavailable:
    """The meaning of a psycopg2 error; no password stays in its words."""
    words = _as_sentences(str(error)) or "The server closed the connection without a word."
    said = Masker([target.password]).mask(words)
    reason, mend = _STATES.get(error.pgcode or "") or _by_words(words)
    return DatabaseUnavailable(reason, f"{said} {mend}".strip())


def explain_silence(target: DatabaseTarget) -> DatabaseUnavailable:
    """Nothing was heard from the server within the time that it had."""
    where = f"{target.host or 'the local socket'}{f':{target.port}' if target.port else ''}"
    return DatabaseUnavailable(
        Reason.TIMEOUT,
        f"No answer from {where} in time. Check that the host is right, that no firewall drops "
        "the packets and that the server is not frozen.",
    )


def _as_sentences(text: str) -> str:
    """libpq puts a sentence on a line, without a full stop; its question whether the server runs is ours as well."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith("Is the server running")]
    return " ".join(line if line.endswith((".", "?", "!", ":")) else f"{line}." for line in said)


def _by_words(words: str) -> tuple[Reason, str]:
    for reason, signs, mend in _CONNECTION_WORDS:
        if any(sign in words for sign in signs):
            return reason, mend
    return Reason.REFUSED, "Look into the server's log, then refresh."
