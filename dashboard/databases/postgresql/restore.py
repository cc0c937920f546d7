"""Restores a dump into an empty PostgreSQL database, and says whose fault it is where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.backup_file import BackupRejected, BackupUnavailable
from dashboard.databases.contents import Contents, Origin
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.external_program import ProgramFailed, ProgramStopped, run_program
from dashboard.databases.postgresql.connection import Connection, open_connection
from dashboard.databases.postgresql.programs import APPLICATION, find_programs_for, program_environment
from dashboard.databases.postgresql.row_hashes import read_contents, read_origin
from dashboard.databases.scratch_marker import ScratchUnavailable
from dashboard.secrets import Masker

TIMEOUT = 10.0
BETWEEN_MEASURES = 1.0
MEASURE_TIMEOUT = 2.0
_ON_DISK = "SELECT pg_catalog.pg_database_size(current_database())"

_ANYWHERE = (
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    "--no-publications",
    "--no-security-labels",
    "--no-tablespaces",
)
"""What makes a dump restore on a server that is not its own."""

_OF_THE_SERVER = (
    ("No space left on device", "The server's disk is full. Make room there."),
    ("could not extend file", "The server's disk is full. Make room there."),
    ("permission denied", "Give the role that right on the server."),
    ("must be superuser", "Give the role that right on the server."),
    ("must be owner", "Give the role that right on the server."),
    ("must be member", "Give the role that right on the server."),
    ('role "', "Create that role on the server."),
    ("is not available", "Install that on the server."),
    ("could not open extension control file", "Install that extension's package on the server."),
    ("unrecognized configuration parameter", "Install pg_restore of the server's own version."),
    ("unsupported version", "Install pg_restore of the server's own version."),
    ("connection to server", "See that the server is up, then try again."),
    ("server closed the connection", "See that the server is up, then try again."),
    ("terminating connection", "See that the server is up, then try again."),
    ("too many clients", "Try again when the server is less busy."),
    ("connection slots", "Try again when the server is less busy."),
)
"""What pg_restore says when not the dump is to blame, with what to do."""


def restore_dump(
    path: Path,
    target: DatabaseTarget,
    *,
    tools: str,
    deadline: float,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda on_disk: None,
    with_owners: bool = False,
) -> str:
    """Fills the empty database `target` from a dump, stopping at the first error; the tool that did it.

    Subscriptions never come along. Owners, privileges, comments, publications, security labels and tablespaces do only
    `with_owners`: on the server that the dump is of. `progress` gets the database's bytes on disk, before and after, and
    every second meanwhile. Raises BackupRejected where the dump does not restore, ScratchUnavailable where the server would
    not have it or time was up.
    """
    try:
        tooling = find_programs_for(target, tools, timeout=TIMEOUT)
    except BackupUnavailable as error:
        raise ScratchUnavailable(str(error)) from None
    try:
        with program_environment(target) as environment, _measuring(target, progress) as measure:
            run_program(
                [
                    (tooling.folder or Path()) / "pg_restore", "-Fd", "-j2", "--exit-on-error", "--no-password",
                    "--no-subscriptions", *(() if with_owners else _ANYWHERE), f"--dbname={target.name}", path,
                ],
                environment,
                deadline=Deadline(deadline),
                stop=stop,
                tick=measure,
            )  # fmt: skip
    except ProgramStopped as error:
        raise ScratchUnavailable(f"The restore was ended: {error}.") from None
    except ProgramFailed as error:
        raise _explain(path, Masker([target.password]).mask(" ".join(str(error).split())[:1000])) from None
    return tooling.version.replace("pg_dump", "pg_restore")


@contextmanager
def _measuring(target: DatabaseTarget, progress: Callable[[int], None]) -> Iterator[Callable[[], None]]:
    """What is yielded measures at most once a second. What cannot be measured is not told: the restore goes on."""
    try:
        with open_connection(target, application=APPLICATION, timeout=TIMEOUT) as connection:
            measure = _Measure(connection, progress)
            measure.now()
            yield measure.in_time
            measure.now()
    except DatabaseUnavailable as error:
        raise ScratchUnavailable(error.detail) from None


class _Measure:
    """Of the database that a connection leads to."""

    def __init__(self, connection: Connection, progress: Callable[[int], None]) -> None:
        self._connection = connection
        self._progress = progress
        self._limit = Deadline(BETWEEN_MEASURES)

    def in_time(self) -> None:
        """Every second."""
        if self._limit.passed():
            self.now()
            self._limit = Deadline(BETWEEN_MEASURES)

    def now(self) -> None:
        """Silent where the server gives no answer in time."""
        with suppress(DatabaseUnavailable):
            self._progress(self._connection.query(_ON_DISK, timeout=MEASURE_TIMEOUT)[0][0])


def read_origin_of(target: DatabaseTarget) -> Origin:
    """Raises ScratchUnavailable where the database gives no answer."""
    try:
        with (
            open_connection(target, application=APPLICATION, timeout=TIMEOUT) as connection,
            connection.reading(timeout=TIMEOUT),
        ):
            return read_origin(connection, Deadline(TIMEOUT))
    except DatabaseUnavailable as error:
        raise ScratchUnavailable(error.detail) from None


def read_copy_contents(target: DatabaseTarget, *, deadline: float, tick: Callable[[int], None]) -> Contents:
    """What a restored copy holds; `tick` gets the number of tables done. Raises ScratchUnavailable."""
    limit = Deadline(deadline)
    try:
        with (
            open_connection(target, application=APPLICATION, timeout=TIMEOUT) as connection,
            connection.reading(timeout=deadline, repeatable=True),
        ):
            return read_contents(connection, limit, tick=tick)
    except DatabaseUnavailable as error:
        raise ScratchUnavailable(f"The restored copy could not be read: {error.detail}") from None


def _explain(path: Path, said: str) -> BackupRejected | ScratchUnavailable:
    for sign, mend in _OF_THE_SERVER:
        if sign in said:
            return ScratchUnavailable(f"The copy could not be restored there. {mend} pg_restore said: {said}")
    return BackupRejected(f"{path.name} does not restore: {said.rstrip('.')}. Take another backup.")
