"""Which revision is being executed, and what of it may be in the database already."""

from __future__ import annotations

import re
from typing import Any

from dashboard.alembic_process.child.events import ONE_RUN_ONE_DATABASE, Events, Refused

COMMITS_BY_ITSELF = re.compile(r"(?:^|;)\s*COMMIT\b|^\s*END\s*;?\s*$", re.IGNORECASE)


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


def tell_autocommit(context: Any, progress: Progress) -> None:
    """Blocks that leave the transaction, and connections that have none."""
    plain = context.autocommit_block

    def telling() -> Any:
        progress.leave_transaction()
        return plain()

    context.autocommit_block = telling
    if autocommits(context.connection):
        progress.leave_transaction()


def tell_commits(progress: Progress) -> None:
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


def autocommits(connection: Any) -> bool:
    found = getattr(connection, "_is_autocommit_isolation", None)
    return bool(found and found())
