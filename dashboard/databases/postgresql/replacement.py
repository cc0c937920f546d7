"""Puts a restored database in the place of another one of the same PostgreSQL server, and keeps the other.

Both renames, the privileges and the marks are one transaction: whenever it is looked, either everything is done or nothing
is. The first rename keeps the database's own lock, so that nobody can connect while the sessions of others are ended.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from dashboard.database_target import DatabaseTarget
from dashboard.databases.contents import Origin
from dashboard.databases.database import DatabaseUnavailable, Deadline
from dashboard.databases.postgresql.connection import Connection, open_connection, quote_identifier
from dashboard.databases.postgresql.properties import carry_over, quote_literal, read_properties
from dashboard.databases.postgresql.restore import restore_dump
from dashboard.databases.postgresql.scratch import drop_database, like_origin
from dashboard.databases.restoration import DeletionRefused, Names, RestoreUnavailable, Survey

APPLICATION = "alembic-dashboard restore"
MAINTENANCE = ("postgres", "template1")
TIMEOUT = 10.0
CREATE_TIMEOUT = 60.0
SWAP_TIMEOUT = 30.0
BETWEEN_LOOKS = 0.05
LOCK_TIMEOUT = "10s"
_LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}

_ABOUT = """
SELECT r.rolcreatedb OR r.rolsuper, r.rolname::text, pg_catalog.pg_has_role(d.datdba, 'MEMBER'),
  pg_catalog.pg_get_userbyid(d.datdba)::text, pg_catalog.pg_database_size(d.oid),
  (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'data_directory'),
  (SELECT count(*) FROM pg_catalog.pg_prepared_xacts p WHERE p.database = d.datname),
  ARRAY(SELECT s.subname::text FROM pg_catalog.pg_subscription s WHERE s.subdbid = d.oid AND s.subenabled ORDER BY 1),
  ARRAY(SELECT s.subname::text FROM pg_catalog.pg_subscription s WHERE s.subdbid = d.oid ORDER BY 1),
  ARRAY(SELECT s.slot_name::text FROM pg_catalog.pg_replication_slots s WHERE s.datoid = d.oid ORDER BY 1),
  EXISTS (SELECT 1 FROM pg_catalog.pg_shseclabel l
          WHERE l.objoid = d.oid AND l.classoid = 'pg_catalog.pg_database'::regclass)
FROM pg_catalog.pg_database d, pg_catalog.pg_roles r WHERE d.datname = %s AND r.rolname = current_user
"""
# The rule of pg_terminate_backend. Sessions of this dashboard come and go, and are told to nobody.
_SESSIONS = """
SELECT a.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''),
  me.rolsuper OR (NOT coalesce(r.rolsuper, true) AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE')
    OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))
FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid, pg_catalog.pg_roles me
WHERE a.datname = %s AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'
  AND me.rolname = current_user AND coalesce(a.application_name, '') NOT LIKE 'alembic-dashboard %%' ORDER BY a.pid
"""
_HAS_LOCK = """
SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'object' AND classid = 'pg_catalog.pg_database'::regclass
  AND objid = %s AND mode = 'AccessExclusiveLock' AND granted AND pid = %s
"""
_END_SESSIONS = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datid = %s AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
"""
_MARK = """
SELECT coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '') FROM pg_catalog.pg_database d
WHERE d.datname = %s
"""


def survey(target: DatabaseTarget) -> Survey:
    """What would be in the way, what comes along, what does not, and who would be cut off. Raises RestoreUnavailable."""
    try:
        with _maintenance(target) as connection:
            limit = Deadline(TIMEOUT)
            found = connection.query(_ABOUT, (target.name,), timeout=limit.remaining())
            properties = read_properties(connection, target.name, limit)
            sessions = connection.query(_SESSIONS, (target.name,), timeout=limit.remaining())
    except DatabaseUnavailable as error:
        raise RestoreUnavailable(error.detail) from None
    may_create, role, is_owner, owner, size, folder, prepared, enabled, subscriptions, slots, labels = found[0]
    obstacles = [
        (not may_create, f"{role} may not create databases. ALTER ROLE {quote_identifier(role)} CREATEDB."),
        (
            not is_owner,
            f"{role} may not rename {target.name}, which {owner} owns. "
            f"GRANT {quote_identifier(owner)} TO {quote_identifier(role)}.",
        ),
        (prepared, f"{prepared} prepared transactions are open in {target.name}. Commit or roll them back."),
        (
            enabled,
            f"Subscriptions still write to {target.name}: {', '.join(enabled)}. ALTER SUBSCRIPTION each of them DISABLE.",
        ),
        (
            [s for s in sessions if not s[3]],
            f"{role} may not end the sessions of {', '.join(sorted({s[1] for s in sessions if not s[3]}))}. "
            "GRANT pg_signal_backend to it, or have them closed.",
        ),
        (*_lack_of_space(target, int(size), folder or ""),),
    ]
    left = [
        (subscriptions, f"Subscriptions stay with the replaced database: {', '.join(subscriptions)}."),
        (slots, f"Logical replication slots stay with the replaced database: {', '.join(slots)}."),
        (labels, "Security labels of the database."),
        (True, "Statistics: the restored database is analysed before anybody can connect to it."),
        (True, "The database's oid: plans and backups made before are of the replaced database."),
    ]
    return Survey(
        obstacles=tuple(words for is_so, words in obstacles if is_so),
        carried=properties.describe(),
        left=tuple(words for is_so, words in left if is_so),
        ended=tuple(f"pid {pid}, user {user}, {name or 'no name'}" for pid, user, name, _may in sessions),
    )


def restore_beside(
    target: DatabaseTarget,
    names: Names,
    path: Path,
    origin: Origin,
    *,
    tools: str,
    deadline: float,
    stop: Callable[[], bool],
    progress: Callable[[int], None],
) -> str:
    """Makes and fills the marked database `names.restored`; the tool that did it. Raises what restore_dump does."""
    limit = Deadline(deadline)
    try:
        with _maintenance(target) as connection:
            tablespace = read_properties(connection, target.name, Deadline(TIMEOUT)).tablespace
            name = quote_identifier(names.restored.name)
            where = f" TABLESPACE {quote_identifier(tablespace)}" if tablespace != "pg_default" else ""
            connection.query(f"CREATE DATABASE {name} {like_origin(origin)}{where}", timeout=CREATE_TIMEOUT)
            connection.query(f"COMMENT ON DATABASE {name} IS '{names.restored_mark}'", timeout=TIMEOUT)
            # Nobody but its owner finds it before it is in its place.
            connection.query(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC", timeout=TIMEOUT)
        if not origin.has_public:
            with open_connection(names.restored, application=APPLICATION, timeout=TIMEOUT) as connection:
                connection.query("DROP SCHEMA public", timeout=TIMEOUT)
        tool = restore_dump(
            path,
            names.restored,
            tools=tools,
            deadline=limit.remaining(),
            stop=stop,
            progress=progress,
            with_owners=True,
        )
        with open_connection(names.restored, application=APPLICATION, timeout=TIMEOUT) as connection:
            connection.query("ANALYZE", timeout=max(1.0, limit.remaining()))
    except DatabaseUnavailable as error:
        raise RestoreUnavailable(f"No database can be made beside {target.name}: {error.detail}") from None
    return tool


def drop_restored(target: DatabaseTarget, names: Names) -> None:
    """Where it is there and has our mark: what failed, was stopped, or was left by a crash."""
    with suppress(DatabaseUnavailable, RestoreUnavailable), _maintenance(target) as connection:
        if _mark_of(connection, names.restored.name) == names.restored_mark:
            drop_database(connection, names.restored.name)


def swap(target: DatabaseTarget, names: Names) -> tuple[str, ...]:
    """Ends every session of `target`, and gives its name to the restored database, which nobody may be connected to.

    Sentences on what could not be carried over. Raises RestoreUnavailable where nothing is changed, and
    DatabaseUnavailable where that is not known: the server gave no answer to COMMIT.
    """
    limit = Deadline(SWAP_TIMEOUT)
    original, kept, new = (quote_identifier(t.name) for t in (target, names.replaced, names.restored))
    with _maintenance(target) as connection, _maintenance(target) as watcher:
        try:
            properties = read_properties(connection, target.name, limit)
            pid = connection.query("SELECT pg_catalog.pg_backend_pid()", timeout=limit.remaining())[0][0]
            connection.query(f"BEGIN; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", timeout=limit.remaining())
            left = carry_over(connection, properties, names.restored.name, limit)
            _rename_alone(
                connection, watcher, f"ALTER DATABASE {original} RENAME TO {kept}", properties.oid, pid, limit
            )
            comment = "NULL" if properties.comment is None else quote_literal(properties.comment)
            for sql in (
                f"COMMENT ON DATABASE {kept} IS '{names.replaced_mark}'",
                f"ALTER DATABASE {new} RENAME TO {original}",
                f"COMMENT ON DATABASE {original} IS {comment}",
            ):
                connection.query(sql, timeout=limit.remaining())
        except DatabaseUnavailable as error:
            raise RestoreUnavailable(
                f"The databases were not swapped: {error.detail} Sessions may have been ended; nothing else changed."
            ) from None
        connection.query("COMMIT", timeout=limit.remaining())
    return left


def is_replaced(target: DatabaseTarget, names: Names) -> bool:
    """The database under the replaced one's name has its mark. Raises DatabaseUnavailable and RestoreUnavailable."""
    with _maintenance(target) as connection:
        return _mark_of(connection, names.replaced.name) == names.replaced_mark


def delete_replaced(target: DatabaseTarget, names: Names) -> None:
    """Drops it where it has our mark; one that is gone is no error. Raises DeletionRefused."""
    try:
        with _maintenance(target) as connection:
            mark = _mark_of(connection, names.replaced.name)
            if mark is None:
                return
            if mark != names.replaced_mark:
                raise DeletionRefused(
                    f"The database {names.replaced.name} does not carry the mark of this run, so it is left alone."
                )
            drop_database(connection, names.replaced.name)
    except (DatabaseUnavailable, RestoreUnavailable) as error:
        raise DeletionRefused(f"{names.replaced.name} could not be dropped: {error}") from None


def _rename_alone(connection: Connection, watcher: Connection, sql: str, oid: int, pid: int, limit: Deadline) -> None:
    """The server waits 5 seconds for others to go. They are told to only once it lets no new ones in."""
    with ThreadPoolExecutor(1) as pool:
        renaming = pool.submit(connection.query, sql, timeout=limit.remaining())
        while not renaming.done():
            with suppress(DatabaseUnavailable):
                if watcher.query(_HAS_LOCK, (oid, pid), timeout=TIMEOUT):
                    watcher.query(_END_SESSIONS, (oid,), timeout=TIMEOUT)
            time.sleep(BETWEEN_LOOKS)
        renaming.result()


def _mark_of(connection: Connection, name: str) -> str | None:
    """The comment; None where there is no such database."""
    found = connection.query(_MARK, (name,), timeout=TIMEOUT)
    return str(found[0][0]) if found else None


def _lack_of_space(target: DatabaseTarget, size: int, folder: str) -> tuple[bool, str]:
    """A second copy must fit for as long as the first is kept; told only where the server's disk can be seen."""
    if target.host not in _LOOPBACK or not folder or not Path(folder).is_dir():
        return False, ""
    free = shutil.disk_usage(folder).free
    words = (
        f"A copy needs about {size / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free on the server's disk. Make room."
    )
    return free < size, words


@contextmanager
def _maintenance(target: DatabaseTarget) -> Iterator[Connection]:
    """A session in another database of the same server: no database can be renamed from within."""
    refusals = []
    for name in (name for name in MAINTENANCE if name != target.name):
        with ExitStack() as stack:
            opened = open_connection(replace(target, name=name), application=APPLICATION, timeout=TIMEOUT)
            try:
                connection = stack.enter_context(opened)
            except DatabaseUnavailable as error:
                refusals.append(f"{name}: {error.detail}")
                continue
            yield connection
            return
    raise RestoreUnavailable(
        "A database can only be swapped from another one of its server, and neither could be connected to: "
        f"{' '.join(refusals)} Grant the role CONNECT on the database postgres, and let pg_hba.conf admit it there."
    )
