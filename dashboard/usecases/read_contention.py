"""Who blocks whom around a run: stored by its worker while it waits, read by the pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dashboard.databases.database import Contender, Part, Session
from dashboard.models import Run
from dashboard.plain_text import clean_line
from dashboard.secrets import Masker
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import find_environment

LEFT = "left"
"""Beside the Parts: a session of a run whose worker and child are gone."""
WORDS = {
    Part.WAITS: "this run waits",
    Part.BLOCKS: "blocks",
    Part.WRITES: "writes to the version table",
    Part.QUEUES: "waits for this run",
    LEFT: "left over",
}
LONGEST_QUERY = 300
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ContentionRow:
    """One session. `seconds`: how long it waits, or since when its transaction or session is open; None: not known."""

    part: str
    word: str
    pid: int
    user: str
    application: str
    lock: str
    relation: str
    seconds: float | None
    query: str


@dataclass(frozen=True, slots=True)
class Contention:
    """Around one run, `at` one moment. `waited` of `lock_timeout` seconds; None where it does not wait."""

    rows: tuple[ContentionRow, ...]
    at: datetime
    waited: float | None
    lock_timeout: float


def read_contention(run: Run) -> Contention | None:
    """The latest that was seen; None where nobody waits, or where it is too old to be shown of a live run."""
    at = run.contention_at
    if at is None or not run.contention:
        return None
    is_old = (timezone.now() - at).total_seconds() > _FRESH_SECONDS
    if run.phase == Run.Phase.RUNNING and is_old:
        return None
    rows = tuple(_row(entry, at) for entry in run.contention)
    waited = next((row.seconds for row in rows if row.part == Part.WAITS), None)
    return Contention(rows, at, waited, _lock_timeout(run))


def store_contention(run: Run, contenders: Iterable[Contender], masker: Masker) -> None:
    """Keeps what was seen now; texts are masked, cleaned and cut off."""
    run.contention = [
        {
            "part": c.part.value,
            "lock": c.lock,
            "relation": c.relation,
            **_session(c, masker),
        }
        for c in contenders
    ]
    _keep(run)


def store_left_over(run: Run, sessions: Iterable[Session], masker: Masker) -> None:
    """Keeps what is left of a run in the database, for a person to decide about."""
    run.contention = [{"part": LEFT, "lock": "", "relation": "", **_session(s, masker)} for s in sessions]
    _keep(run)


def clear_contention(run: Run) -> None:
    """Nobody waits any more."""
    if run.contention:
        run.contention = []
        _keep(run)


def describe_wait(contenders: Iterable[Contender], masker: Masker) -> str:
    """For what the run waited and who held it up, in one sentence; empty where it did not wait."""
    found = tuple(contenders)
    waits = next((c for c in found if c.part is Part.WAITS), None)
    if waits is None:
        return ""
    blockers = [_name(c, masker) for c in found if c.part is Part.BLOCKS]
    return f"It waited for {waits.lock} on {waits.relation}, held up by {'; '.join(blockers) or 'nobody visible'}."


def describe_writer(contender: Contender, masker: Masker) -> str:
    """Who wrote to the version table beside the run, in one sentence."""
    return f"Beside this run, {_name(contender, masker)} wrote to the version table."


def _keep(run: Run) -> None:
    run.contention_at = timezone.now()
    Run.objects.filter(pk=run.pk).update(contention=run.contention, contention_at=run.contention_at)


def _session(found: Contender | Session, masker: Masker) -> dict[str, Any]:
    return {
        "pid": found.pid,
        "user": found.user,
        "application": _text(found.application, masker),
        "query": _text(found.query, masker),
        "since": found.since.isoformat() if found.since else None,
    }


def _text(text: str, masker: Masker) -> str:
    # Masked before it is cut: half a secret would not be found.
    words = clean_line(masker.mask(" ".join(text.split())))
    return words if len(words) <= LONGEST_QUERY else f"{words[:LONGEST_QUERY]} …"


def _name(contender: Contender, masker: Masker) -> str:
    query = _text(contender.query, masker)
    application = _text(contender.application, masker) or "no application name"
    return f"pid {contender.pid}, user {contender.user}, {application}" + (f": {query}" if query else "")


def _row(entry: dict[str, Any], at: datetime) -> ContentionRow:
    since = parse_datetime(entry["since"]) if entry["since"] else None
    return ContentionRow(
        part=entry["part"],
        word=WORDS[entry["part"]],
        pid=entry["pid"],
        user=entry["user"],
        application=entry["application"],
        lock=entry["lock"],
        relation=entry["relation"],
        seconds=max(0.0, (at - since).total_seconds()) if since else None,
        query=entry["query"],
    )


def _lock_timeout(run: Run) -> float:
    try:
        _project, environment = find_environment(run.project, run.environment)
    except UnknownName:
        return 0.0
    return environment.timeouts.lock.total_seconds()
