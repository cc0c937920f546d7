"""How PostgreSQL's locks on tables stand to each other."""

from __future__ import annotations

LOCK_MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""PostgreSQL's, the weakest first."""
BLOCKING_MODES = frozenset(LOCK_MODES[4:])
"""Who holds one of these keeps others from writing to the relation, with the last from reading it as well."""
