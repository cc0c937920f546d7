"""Who waits for whom around a run, from PostgreSQL's lock table."""

from __future__ import annotations

from dashboard.databases.database import Contender, Part
from dashboard.databases.postgresql.connection import Connection

LONGEST_QUERY = 1_000
"""Characters of a statement that are shown."""
MOST_SESSIONS = 40

# `run`: the sessions that hold the shared key of the run's lock. `blocks` follows the chain to whoever holds it all up.
# waitstart exists from version 14 on; to_jsonb makes it null before.
_CONTENTION = f"""
WITH RECURSIVE run AS (
  SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = %(key)s AND l.objid = %(children)s
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), waiting AS MATERIALIZED (
  SELECT a.pid, pg_blocking_pids(a.pid) AS blockers FROM pg_catalog.pg_stat_activity a
  WHERE a.wait_event_type = 'Lock' AND a.datname = current_database()
), blocks AS (
  SELECT unnest(w.blockers) AS pid FROM waiting w JOIN run ON run.pid = w.pid
  UNION
  SELECT unnest(w.blockers) FROM blocks b JOIN waiting w ON w.pid = b.pid
), version_table AS (
  SELECT l.pid, l.mode, l.relation FROM pg_catalog.pg_locks l
  WHERE l.relation = to_regclass(%(version_table)s)::oid AND l.pid <> pg_backend_pid()
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
), parts AS (
  SELECT 1 AS rank, '{Part.WAITS}' AS part, w.pid, w.blockers FROM waiting w JOIN run ON run.pid = w.pid
  UNION ALL
  SELECT 2, '{Part.BLOCKS}', b.pid, coalesce(w.blockers, '{{}}') FROM blocks b LEFT JOIN waiting w ON w.pid = b.pid
  UNION ALL
  SELECT 3, '{Part.WRITES}', v.pid, '{{}}' FROM version_table v WHERE v.pid NOT IN (SELECT pid FROM run)
  UNION ALL
  SELECT 4, '{Part.QUEUES}', w.pid, w.blockers FROM waiting w
  WHERE w.pid NOT IN (SELECT pid FROM run) AND w.blockers && ARRAY(SELECT pid FROM run)
), wanted AS (
  SELECT DISTINCT ON (l.pid) l.pid, l.mode, l.relation, l.locktype,
         (to_jsonb(l) ->> 'waitstart')::timestamptz AS waitstart
  FROM pg_catalog.pg_locks l JOIN parts p ON p.pid = l.pid WHERE NOT l.granted
), held AS (
  SELECT DISTINCT ON (l.pid) l.pid, l.mode, l.relation FROM pg_catalog.pg_locks l JOIN parts p ON p.pid = l.pid
  WHERE l.granted AND l.relation IN (SELECT relation FROM wanted UNION SELECT relation FROM version_table)
  ORDER BY l.pid, l.mode IN ('AccessShareLock', 'RowShareLock')
)
SELECT p.part, p.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''),
       CASE WHEN a.query LIKE '<insufficient%%' THEN '' ELSE left(coalesce(a.query, ''), {LONGEST_QUERY}) END,
       coalesce(w.mode, h.mode, 'transaction'),
       coalesce(coalesce(w.relation, h.relation)::regclass::text, w.locktype, ''),
       CASE WHEN w.pid IS NULL THEN a.xact_start ELSE coalesce(w.waitstart, a.query_start) END,
       p.blockers
FROM (SELECT DISTINCT ON (pid) * FROM parts ORDER BY pid, rank) p
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
LEFT JOIN wanted w ON w.pid = p.pid LEFT JOIN held h ON h.pid = p.pid
ORDER BY p.rank, p.pid LIMIT {MOST_SESSIONS}
"""  # noqa: S608  (constants of this file)

_WRITERS = """
SELECT DISTINCT l.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, '')
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.relation = to_regclass(%s)::oid AND l.granted AND l.pid <> pg_backend_pid()
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
ORDER BY l.pid
"""


def read_contention(
    connection: Connection, *, key: int, children: int, version_table: str, timeout: float
) -> tuple[Contender, ...]:
    """The run's waiting sessions first, then who holds them up, who else writes to the version table, who queues.

    `version_table`: quoted for SQL; it need not exist. Raises DatabaseUnavailable.
    """
    parameters = {"key": key, "children": children, "version_table": version_table}
    rows = connection.query(_CONTENTION, parameters, timeout=timeout)
    return tuple(
        Contender(Part(part), pid, user, application, query, lock, relation, since, tuple(blockers))
        for part, pid, user, application, query, lock, relation, since, blockers in rows
    )


def describe_writers(connection: Connection, *, version_table: str, timeout: float) -> str:
    """Who has written to the version table and not ended its transaction yet; empty: nobody.

    Raises DatabaseUnavailable.
    """
    rows = connection.query(_WRITERS, (version_table,), timeout=timeout)
    return "; ".join(f"pid {pid}, user {user}, {application!r}" for pid, user, application in rows)
