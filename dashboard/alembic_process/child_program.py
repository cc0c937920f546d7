"""Runs in a process of its own, under a project's interpreter: the only place where a project's code is executed.

Needs the standard library and alembic (1.12 or newer) alone, and Python 3.9's syntax, because the interpreter is the
project's. Called by parent.py as `python child_program.py REQUEST_FD EVENT_FD`: a JSON request is read from the
first descriptor, one line, events are written to the second, one JSON object a line. An event that says `ack` is
answered by an empty line on the first descriptor, once the parent has stored it. What env.py prints goes to
standard output and standard error, which are the run's log, never to the events.

Actions of a request: "upgrade", "downgrade", "stamp", "sql" (Alembic's offline mode for one of them, `way`) and
"probe" (ask env.py for its version table). With `rehearsal` the first three are measured, by child_measures.py beside
this file, and no connection to another database than the one of the challenge is let through.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import inspect
import json
import os
import re
import signal
import sys
import threading
import traceback
from typing import Any, Iterator

PR_SET_PDEATHSIG = 1
CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
COMMITS_BY_ITSELF = re.compile(r"(?:^|;)\s*COMMIT\b|^\s*END\s*;?\s*$", re.IGNORECASE)
ONE_RUN_ONE_DATABASE = (
    "A run changes one database, so that one backup and one version table stand for it. Give each database a script "
    "directory and a project of its own."
)


class Refused(Exception):
    """The run must not go on: what is here is not what was confirmed. Nothing has been changed."""


class Events:
    """The pipe to the parent. Each event is one line of JSON."""

    def __init__(self, descriptor: int, answers: Any) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._answers = answers
        self._lock = threading.Lock()

    def emit(self, event: str, **fields: Any) -> None:
        with self._lock:
            self._pipe.write(json.dumps({"event": event, **fields}) + "\n")
            self._pipe.flush()

    def emit_first(self, event: str, **fields: Any) -> None:
        """Before something that cannot be undone: goes on only when the parent has stored that it will be done.

        So that whatever dies, what a run may have committed is known.
        """
        with self._lock:
            self._pipe.write(json.dumps({"event": event, "ack": True, **fields}) + "\n")
            self._pipe.flush()
            if not self._answers.readline():
                raise SystemExit("the worker that started this run is gone")


def main() -> int:
    """Reads the request, does it, and exits 0 when it was done, 3 when refused, 1 on an error."""
    request_descriptor, event_descriptor = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (request_descriptor, event_descriptor):
        os.set_inheritable(descriptor, False)
    pipe = os.fdopen(request_descriptor, encoding="utf-8")
    request = json.loads(pipe.readline())
    _die_with_parent(request["parent_pid"])
    own_folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != own_folder]
    sys.argv = ["alembic"]
    events = Events(event_descriptor, pipe)
    try:
        _check_files(request.get("files", {}))
        _perform(request, events)
    except Refused as refusal:
        events.emit("refused", message=str(refusal))
        return 3
    except BaseException as error:  # env.py may call sys.exit; the parent is told whatever it was
        events.emit("error", type=type(error).__name__, message=str(error), traceback=traceback.format_exc())
        return 1
    events.emit("finished")
    return 0


def _die_with_parent(parent_pid: int) -> None:
    """Linux ends this process when the worker's thread dies; elsewhere the observer notices the lost worker."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit("the worker that started this run is gone")


def _check_files(files: dict[str, str]) -> None:
    """`files`: path -> sha256 of everything that was confirmed. Reads each, refuses at the first difference."""
    for path, expected in files.items():
        try:
            with open(path, "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            raise Refused("%s cannot be read any more (%s). Make a new plan." % (path, error.strerror))
        if found != expected:
            raise Refused("%s changed after the plan was confirmed. Make a new plan." % path)


def _perform(request: dict[str, Any], events: Events) -> None:
    import alembic
    import sqlalchemy

    events.emit(
        "hello",
        pid=os.getpid(),
        python=sys.version.split()[0],
        alembic=alembic.__version__,
        sqlalchemy=sqlalchemy.__version__,
    )
    from alembic.script import ScriptDirectory

    config = _alembic_config(request)
    script = ScriptDirectory.from_config(config)
    work = {"sql": _preview_sql, "probe": _probe}.get(request["action"], _change)
    work(request, events, config, script)


def _alembic_config(request: dict[str, Any]) -> Any:
    from alembic.config import Config

    is_toml = request["config"].endswith(".toml")
    named = {"toml_file": request["config"]} if is_toml else {"file_": request["config"]}
    config = Config(ini_section=request["section"], **named)
    if request.get("script_location"):
        config.set_main_option("script_location", request["script_location"].replace("%", "%%"))
    if request.get("version_locations"):
        config.set_main_option("version_locations", os.pathsep.join(request["version_locations"]).replace("%", "%%"))
        config.set_main_option("version_path_separator", "os")
        config.set_main_option("path_separator", "os")
    try:
        config.set_main_option("sqlalchemy.url", request["url"].replace("%", "%%"))
    except ValueError:
        raise RuntimeError("Alembic's configuration did not accept the environment's URL")  # its own text holds it
    return config


def _change(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """Goes exactly the confirmed way, telling each revision's beginning and end."""
    progress = Progress(events)
    measures = _prepare_rehearsal(request, events) if request.get("rehearsal") else None
    _tell_commits(progress)
    _configure_connections(request, progress)

    def revisions(rows: tuple[str, ...], context: Any) -> Iterator[Any]:
        progress.begin()
        if sorted(rows) != sorted(request["rows"]):
            held = ", ".join(rows) or "no row"
            raise Refused("The version table holds %s, which is not what was confirmed. Make a new plan." % held)
        steps = _confirmed_steps(request["action"], request, script, rows)
        for revision, step in steps:
            _refuse_several_databases(revision, step)
        for position, (revision, step) in enumerate(steps, request.get("first_position", 1)):
            if revision:
                progress.start(revision, position)
            if revision and measures:
                measures.start()
                measures.follow(context, step, position)
            yield step
            if revision:
                took = {"seconds": measures.take_seconds()} if measures else {}
                events.emit("revision_applied", revision=revision, position=position, **took)

    _run_environment(request, config, script, revisions, events, progress, destination_rev=_destination(request))


def _prepare_rehearsal(request: dict[str, Any], events: Events) -> Any:
    """The measures, and a guard: nothing of a rehearsal may reach another database than the restored copy."""
    import importlib.util

    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    challenge = request["challenge"]

    @event.listens_for(Engine, "connect")
    def guard(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        is_sqlite = "sqlite" in type(connection).__module__
        if challenge["kind"] == "sqlite":
            is_there = is_sqlite and _is_same_file(_all_rows(cursor, "PRAGMA database_list"), challenge)
        else:
            is_there = not is_sqlite and bool(_all_rows(cursor, _challenge_query(challenge))[0][0])
        cursor.close()
        connection.rollback()
        if not is_there:
            raise Refused(
                "In the rehearsal something connects to another database than the restored copy. Let env.py and the "
                "revisions use sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that they are given."
            )

    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child_measures.py")
    spec = importlib.util.spec_from_file_location("alembic_dashboard_child_measures", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Measures(events)


def _all_rows(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchall()


def _confirmed_steps(action: str, request: dict[str, Any], script: Any, rows: tuple[str, ...]) -> list[Any]:
    """(revision id, Alembic's step) in the order of execution. Refused where Alembic would go another way."""
    if action == "stamp":
        return _stamp_steps(request, script, rows)
    if action == "downgrade":
        steps = script._downgrade_revs(_destination(request), rows)
    else:
        steps = script._upgrade_revs(tuple(request["target"]), rows)
    found = [step.revision.revision for step in steps]
    if found != request["steps"]:
        way = (", ".join(found), ", ".join(request["steps"]))
        raise Refused("Alembic would run %s, not the confirmed %s." % way)
    return list(zip(found, steps))


def _stamp_steps(request: dict[str, Any], script: Any, rows: tuple[str, ...]) -> list[Any]:
    """From the rows to exactly `result`, in one statement where one row makes room for another.

    Alembic's own would ask its script directory for the rows, which may lack them.
    """
    from alembic.runtime.migration import StampStep

    written = list(request["steps"])
    removed = [row for row in rows if row not in request["result"]]
    if sorted(written) != sorted(set(request["result"]) - set(rows)):
        raise Refused("The rows to write are not those that were confirmed. Make a new plan.")
    for revision in written:
        if script.get_revision(revision).revision != revision:
            raise Refused("%s is no whole revision id." % revision)
    known = script.revision_map
    if not written:
        return [("", StampStep(row, None, False, True, known)) for row in removed]
    steps = [(revision, StampStep(None, revision, True, True, known)) for revision in written]
    if removed:
        steps[0] = (written[0], StampStep(removed, written[0], True, False, known))
    return steps


def _destination(request: dict[str, Any]) -> Any:
    """As Alembic's commands pass it: one text where there is one."""
    target = tuple(request["target"])
    return target[0] if len(target) == 1 else target or "base"


class Progress:
    """Which revision is being executed, and what left its transaction meanwhile."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self._has_begun = False
        self._started = 0
        self._told_committing = 0
        self._left_at = -1

    def begin(self) -> None:
        """Once: env.py asks for revisions again where it goes on to another database or schema."""
        if self._has_begun:
            raise Refused("env.py runs the revisions more than once. " + ONE_RUN_ONE_DATABASE)
        self._has_begun = True

    def start(self, revision: str, position: int) -> None:
        """A revision begins; start fresh has each twice, so that its place in the plan is told, too."""
        self._started += 1
        self.events.emit("revision_started", revision=revision, position=position)

    def commit(self) -> None:
        """A COMMIT is about to be sent: all that was started may be in the database afterwards. Told once each."""
        if self._started > self._told_committing:
            self._told_committing = self._started
            self.events.emit_first("committing")

    def leave_transaction(self) -> None:
        """What follows is committed on its own, so the parent must never call that run rolled back. Told once each."""
        if self._left_at != self._started:
            self._left_at = self._started
            self.events.emit_first("left_transaction")


def _refuse_several_databases(revision: str, step: Any) -> None:
    """The multidb template's functions want the name of an engine."""
    parameters = inspect.signature(step.migration_fn).parameters.values()
    if any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise Refused("Revision %s is written for several databases (multidb). %s" % (revision, ONE_RUN_ONE_DATABASE))


def _run_environment(
    request: dict[str, Any], config: Any, script: Any, work: Any, events: Events, progress: Any = None, **options: Any
) -> None:
    from alembic.runtime.environment import EnvironmentContext

    environment = EnvironmentContext(config, script, fn=work, **options)
    plain = environment.configure

    def configure(*args: Any, **kwargs: Any) -> None:
        plain(*args, **kwargs)
        _check_context(environment.get_context(), request, events)
        _tell_autocommit(environment.get_context(), progress)

    if progress is not None:
        # On the object, not in a subclass: Alembic's `context` module passes calls on by the class itself.
        setattr(environment, "configure", configure)
    with environment:
        script.run_env()


def _check_context(context: Any, request: dict[str, Any], events: Events) -> None:
    """Before the version table is touched: the right table, in the right database."""
    if context.as_sql:
        raise Refused(
            "env.py runs offline, so that nothing would be applied. Let it connect unless Alembic says offline."
        )
    was_in_transaction = _in_transaction(context.connection)
    schema = context.version_table_schema or ""
    if (context.version_table, schema) != (request["version_table"], request["version_table_schema"]):
        raise Refused(
            "env.py uses the version table %s, dashboard.toml says %s. Set version_table and version_table_schema there."
            % (
                _dotted(schema, context.version_table),
                _dotted(request["version_table_schema"], request["version_table"]),
            )
        )
    challenge = request["challenge"]
    if context.dialect.name != challenge["kind"]:
        raise Refused("env.py connected to %s, the plan is for %s." % (context.dialect.name, challenge["kind"]))
    is_confirmed = {"postgresql": _sees_advisory_lock, "sqlite": _is_main_file}[challenge["kind"]]
    if not is_confirmed(context.connection, challenge):
        raise Refused(
            "env.py connected to another database than the one that was confirmed and backed up. Nothing was changed. "
            "Let env.py use sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that it is given."
        )
    events.emit(
        "context",
        transactional_ddl=bool(context.impl.transactional_ddl),
        transaction_per_migration=bool(context._transaction_per_migration),
    )
    if not was_in_transaction and _in_transaction(context.connection):
        context.connection.rollback()


def _tell_autocommit(context: Any, progress: Progress) -> None:
    """Blocks that leave the transaction, and connections that have none."""
    plain = context.autocommit_block

    def telling() -> Any:
        progress.leave_transaction()
        return plain()

    context.autocommit_block = telling
    if _autocommits(context.connection):
        progress.leave_transaction()


def _tell_commits(progress: Progress) -> None:
    """Every COMMIT of this process that goes through SQLAlchemy, and statements that commit by themselves."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "commit")
    def commit(_connection: Any) -> None:
        progress.commit()

    @event.listens_for(Engine, "before_cursor_execute")
    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if COMMITS_BY_ITSELF.search(statement):
            progress.leave_transaction()


def _dotted(schema: str, table: str) -> str:
    return "%s.%s" % (schema, table) if schema else table


def _in_transaction(connection: Any) -> bool:
    return bool(connection.in_transaction())


def _sees_advisory_lock(connection: Any, challenge: dict[str, Any]) -> bool:
    """The parent holds a random 62-bit advisory lock; it is visible only from within the same database."""
    return bool(connection.exec_driver_sql(_challenge_query(challenge)).scalar())


def _challenge_query(challenge: dict[str, Any]) -> str:
    key = challenge["challenge_key"]
    return (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid::bigint = %d AND objid::bigint = %d" % (key >> 32, key & 0xFFFFFFFF)
    )


def _is_main_file(connection: Any, challenge: dict[str, Any]) -> bool:
    return _is_same_file(connection.exec_driver_sql("PRAGMA database_list"), challenge)


def _is_same_file(databases: Any, challenge: dict[str, Any]) -> bool:
    for row in databases:
        if row[1] == "main" and row[2]:
            status = os.stat(row[2])
            return (status.st_dev, status.st_ino) == (challenge["device"], challenge["inode"])
    return False


def _configure_connections(request: dict[str, Any], progress: Progress) -> None:
    """Every connection of this process gets the run's time limits and takes the shared key of the run's lock.

    A class-level listener, because env.py makes the engine: it works for psycopg2, psycopg, pg8000 and asyncpg,
    and after connect_args, which replace PGOPTIONS.
    """
    if request["challenge"]["kind"] != "postgresql":
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        if type(connection).__module__.startswith("sqlite3"):
            return
        cursor = connection.cursor()
        for name, value in request["connection_settings"].items():
            _set(cursor, name, value)
        first, second = request["challenge"]["lock_key"]
        cursor.execute("SELECT pg_try_advisory_lock_shared(%d, %d)" % (first, second))
        if not cursor.fetchone()[0]:
            raise Refused("A session of another run holds the lock of this version table. Nothing was changed.")
        cursor.execute("SELECT pg_backend_pid()")
        progress.events.emit("backend", pid=cursor.fetchone()[0])
        cursor.close()
        connection.commit()

    _lift_lock_timeout(request["connection_settings"].get("lock_timeout", ""))


def _set(cursor: Any, name: str, value: str) -> None:
    """For the session. Settings that this server does not know are left out."""
    cursor.execute(
        "SELECT set_config(name, '%s', false) FROM pg_catalog.pg_settings WHERE name = '%s'"
        % (value.replace("'", "''"), name)
    )


def _lift_lock_timeout(usual: str) -> None:
    """A statement with CONCURRENTLY waits for other transactions while it blocks nobody.

    Ended half-way it would leave an invalid index; the run's deadline bounds it all the same.
    """
    if not usual:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def set_timeout(connection: Any, statement: str, value: str) -> None:
        if connection.dialect.name == "postgresql" and CONCURRENTLY.search(statement):
            cursor = connection.connection.cursor()
            _set(cursor, "lock_timeout", value)
            cursor.close()

    @event.listens_for(Engine, "before_cursor_execute")
    def lift(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        set_timeout(connection, statement, "0")

    @event.listens_for(Engine, "after_cursor_execute")
    def lower(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        set_timeout(connection, statement, usual)

    @event.listens_for(Engine, "handle_error")
    def lower_after_error(context: Any) -> None:
        if context.connection is None or (context.connection.in_transaction() and not _autocommits(context.connection)):
            return  # the rollback sets it back
        try:
            set_timeout(context.connection, context.statement or "", usual)
        except Exception:  # the connection is gone, and its settings with it
            pass


def _autocommits(connection: Any) -> bool:
    found = getattr(connection, "_is_autocommit_isolation", None)
    return bool(found and found())


def _preview_sql(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """Alembic's offline mode over exactly the planned range. One event tells the SQL, cut at the steps.

    A step that cannot be written without a database is told with its reason; the others are written all the same.
    """
    import io

    config.output_buffer = buffer = io.StringIO()
    _allow_reading_alone()
    pieces: list[dict[str, Any]] = []

    def cut(position: int = 0, revision: str = "", unwritable: str = "") -> None:
        begin = sum(len(piece["text"]) for piece in pieces)
        text = buffer.getvalue()[begin:]
        pieces.append({"position": position, "revision": revision, "text": text, "unwritable": unwritable})

    def revisions(rows: tuple[str, ...], context: Any) -> Iterator[Any]:
        if pieces:
            raise Refused("env.py runs the revisions more than once. " + ONE_RUN_ONE_DATABASE)
        cut()
        steps = _confirmed_steps(request["way"], request, script, rows)
        for position, (revision, step) in enumerate(steps, request.get("first_position", 1)):
            events.emit("revision_started", revision=revision)
            told = _write_or_tell(step, buffer)
            yield step
            cut(position if revision else 0, revision, " ".join(told))

    _run_environment(
        request,
        config,
        script,
        revisions,
        events,
        as_sql=True,
        starting_rev=tuple(request["rows"]) or None,
        destination_rev=_destination(request),
    )
    cut()
    if not buffer.getvalue() and request["steps"]:
        raise Refused("env.py writes its SQL to a place of its own. Let it leave `output_buffer` to Alembic.")
    events.emit("sql", text=buffer.getvalue(), pieces=pieces)


def _write_or_tell(step: Any, buffer: Any) -> list[str]:
    """The step takes back what it wrote before it failed; the reason is in the list once it was called."""
    told: list[str] = []
    plain = step.migration_fn

    @functools.wraps(plain)  # Alembic's comment says its name
    def write(*args: Any, **kwargs: Any) -> None:
        begin = buffer.tell()
        try:
            plain(*args, **kwargs)
        except (Exception, SystemExit) as error:
            buffer.seek(begin)
            buffer.truncate()
            told.append("%s: %s" % (type(error).__name__, error))

    step.migration_fn = write
    return told


def _allow_reading_alone() -> None:
    """A revision that opens a connection of its own, although Alembic is offline, must not change anything by it."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def forbid(connection: Any, _record: Any) -> None:
        is_sqlite = "sqlite" in type(connection).__module__
        cursor = connection.cursor()
        cursor.execute(
            "PRAGMA query_only = ON" if is_sqlite else "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
        )
        cursor.close()
        connection.commit()


def _probe(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """What env.py says of its version table, found without creating anything."""

    def look(_rows: Any, context: Any) -> list[Any]:
        events.emit(
            "probe",
            dialect=context.dialect.name,
            version_table=context.version_table,
            version_table_schema=context.version_table_schema or "",
            transactional_ddl=bool(context.impl.transactional_ddl),
            transaction_per_migration=bool(context._transaction_per_migration),
        )
        return []

    _run_environment(request, config, script, look, events, dont_mutate=True)


if __name__ == "__main__":
    sys.exit(main())
