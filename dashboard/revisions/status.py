"""What an environment's version table means, given the history of its script directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.records import Problem, RevisionRecord


class State(StrEnum):
    """What an environment can be; of several that match, the first one is it."""

    UNOBSERVED = "unobserved"
    UNREACHABLE = "unreachable"
    INCONSISTENT = "inconsistent"
    FOREIGN_REVISION = "foreign_revision"
    UNVERSIONED = "unversioned"
    PENDING = "pending"
    CURRENT = "current"


class Reason(StrEnum):
    """Why an environment is unreachable, or unversioned."""

    NOT_CONFIGURED = "not_configured"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    AUTHENTICATION = "authentication"
    NO_DATABASE = "no_database"
    PERMISSION = "permission"
    LOCKED = "locked"
    NOT_A_VERSION_TABLE = "not_a_version_table"
    NO_TABLE = "no_table"
    EMPTY_TABLE = "empty_table"
    SCHEMA_NOT_EMPTY = "schema_not_empty"
    """No revision is recorded, but other tables exist: only a stamp is offered."""

    @property
    def state(self) -> State:
        """The state that the reason belongs to."""
        return State.UNVERSIONED if self in _UNVERSIONED else State.UNREACHABLE


_UNVERSIONED = frozenset({Reason.NO_TABLE, Reason.EMPTY_TABLE, Reason.SCHEMA_NOT_EMPTY})


@dataclass(frozen=True, slots=True)
class VersionReading:
    """What was read from one environment's version table at one moment."""

    rows: tuple[str, ...] = ()
    reason: Reason | None = None
    """None: the version table was read. An unversioned reason: the database was reached."""
    detail: str = ""
    """In words, for a person; no secret."""
    server: str = ""
    """`PostgreSQL 15.18`."""
    identity: str = ""
    """Of the database, stable over time. PostgreSQL: system identifier:database oid:schema:version table.
    SQLite: device:inode. Empty where unknown."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one environment, and what an upgrade would apply."""

    state: State
    reason: Reason | None = None
    detail: str = ""
    current: tuple[str, ...] = ()
    """The rows, as they are in the database."""
    pending: tuple[RevisionRecord, ...] = ()
    """To the effective heads, in the order of execution; with a faulty history, those that can be told."""
    foreign: tuple[str, ...] = ()
    """Rows that the script directory lacks."""
    surplus: str = ""
    """A row that another one contains: deleted, the rows agree again."""
    uncertain: bool = False
    """The pending list may differ from Alembic's: a dependency is set by code, or files are at fault."""


def judge_status(graph: RevisionGraph, reading: VersionReading | None) -> Status:
    """The first state of the list that matches. Rows match ids exactly: a truncated id is a foreign revision."""
    if reading is None:
        return Status(State.UNOBSERVED)
    if reading.reason is not None and reading.reason.state is State.UNREACHABLE:
        return Status(State.UNREACHABLE, reading.reason, reading.detail)
    rows = reading.rows
    known = tuple(row for row in rows if row in graph.records)
    foreign = tuple(row for row in rows if row not in graph.records)
    contradiction, surplus = _contradiction(graph, rows, known)
    if contradiction:
        pending, _ = ((), ()) if foreign else _pending_beside(graph, known)
        return Status(State.INCONSISTENT, None, contradiction, rows, pending, foreign, surplus, uncertain=True)
    if foreign:
        return Status(State.FOREIGN_REVISION, None, _explain_foreign(graph, foreign), rows, foreign=foreign)
    pending, faults = graph.sound_pending(known)
    if not rows:
        return _unversioned(graph, reading, pending, faults)
    if faults and (not pending or _touch(graph, faults, known)):
        detail = _explain_faults(faults)
        return Status(State.INCONSISTENT, None, detail, rows, pending, uncertain=True)
    state = State.PENDING if pending else State.CURRENT
    detail = _explain_faults(faults) if faults else _explain_code(graph, pending)
    return Status(state, None, detail, rows, pending, uncertain=bool(detail))


def _contradiction(graph: RevisionGraph, rows: Sequence[str], known: Sequence[str]) -> tuple[str, str]:
    """Why these rows cannot be what Alembic left, empty where they can; and the row whose deletion mends it, if one does."""
    repeated = next((row for row in rows if rows.count(row) > 1), None)
    if repeated is not None:
        return f"The version table holds {repeated!r} more than once. Delete all but one of these rows.", ""
    broken = next((row for row in known if row in graph.broken), None)
    if broken is not None:
        fault = graph.broken[broken]
        return f"{fault.where}{fault.detail} {fault.hint}", ""
    pair = graph.overlap(known) if len(known) > 1 else None
    if pair:
        words = (
            f"The version table holds {pair[0]!r} beside {pair[1]!r}, which contains it. "
            f"Alembic refuses to upgrade such a database: delete the row {pair[0]!r}."
        )
        return words, pair[0]
    return "", ""


def _pending_beside(
    graph: RevisionGraph, known: Sequence[str]
) -> tuple[tuple[RevisionRecord, ...], tuple[Problem, ...]]:
    """What can be told for rows that contradict each other: the rows that contain others count."""
    distinct = dict.fromkeys(known)
    tops = [row for row in distinct if not any(row != o and row in graph.ancestors([o]) for o in distinct)]
    return graph.sound_pending(tops)


def _touch(graph: RevisionGraph, faults: Sequence[Problem], rows: Sequence[str]) -> bool:
    """Whether a faulty revision builds on one of the rows."""
    above = graph.descendants(rows)
    return any(fault.revision in above for fault in faults)


def _unversioned(
    graph: RevisionGraph,
    reading: VersionReading,
    pending: tuple[RevisionRecord, ...],
    faults: Sequence[Problem],
) -> Status:
    explained = _explain_faults(faults) if faults else _explain_code(graph, pending)
    return Status(
        State.UNVERSIONED,
        reading.reason or Reason.EMPTY_TABLE,
        " ".join(part for part in (reading.detail, explained) if part),
        pending=pending,
        uncertain=bool(explained),
    )


def _explain_faults(faults: Sequence[Problem]) -> str:
    first = faults[0]
    more = f" {len(faults) - 1} more revisions are at fault." if len(faults) > 1 else ""
    return f"{first.where}{first.detail} {first.hint}{more}"


def _explain_code(graph: RevisionGraph, pending: Sequence[RevisionRecord]) -> str:
    """Why the pending list is uncertain though every file was read; empty where it is certain."""
    if graph.uncertain:
        return "A depends_on is set by code, so that Alembic may apply other revisions or another order."
    by_code = next((record for record in pending if record.set_by_code), None)
    if by_code is None:
        return ""
    return f"{by_code.path}: {' and '.join(by_code.set_by_code)} set by code, so that the order is uncertain."


def _explain_foreign(graph: RevisionGraph, foreign: Sequence[str]) -> str:
    """Names the rows, and the whole id where a row is the beginning of one."""
    said = []
    for row in foreign:
        whole = [revision for revision in graph.records if row and revision.startswith(row)]
        like = f" (the beginning of {whole[0]!r}: a truncated row)" if len(whole) == 1 else ""
        said.append(f"{row!r}{like}")
    return f"No file of the script directory has {', '.join(said)}."
