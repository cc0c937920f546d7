"""Records how far long work is, for whoever watches, and how long it took, for whoever waits the next time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from django.db import Error

from dashboard.models import Activity, Backup, DriftCheck, Proof, Rehearsal, Run

BETWEEN_RECORDS = 1.0
"""Seconds."""


class Pace:
    """Lets something happen at most once a second."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        """True at once, and then a second after it last was."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + BETWEEN_RECORDS
        return True


class Follower:
    """Records what is done to one backup for one owner: one activity after the other, while it is entered."""

    def __init__(self, backup: Backup, owner: str = "") -> None:
        """`owner`: of name_owner; empty: the backup itself, while it is taken."""
        self._backup = backup
        self._owner = owner
        self._activity: Activity | None = None
        self._began = 0.0
        self._pace = Pace()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What did not come to its end is no measure for others."""
        if self._activity is not None:
            self._activity.delete()

    @property
    def kind(self) -> str:
        """Of what is done at the moment; empty before anything is."""
        return self._activity.kind if self._activity else ""

    def turn_to(self, kind: Activity.Kind, *, bytes_expected: int = 0) -> None:
        """What was done until now came to its end; this begins."""
        self.end()
        self._pace = Pace()
        self._began = time.monotonic()
        self._activity = Activity.objects.create(
            backup=self._backup, owner=self._owner, kind=kind, bytes_expected=max(0, bytes_expected)
        )

    def tell(self, *, bytes_done: int = 0, tables_done: int = 0) -> None:
        """How far it is; stored at most once a second."""
        if self._activity is None:
            return
        self._activity.bytes_done = max(0, bytes_done)
        self._activity.tables_done = tables_done
        if self._pace.is_due():
            # The work is worth more than the news of it.
            with suppress(Error):
                self._activity.save(update_fields=["bytes_done", "tables_done"])

    def expect(self, bytes_expected: int) -> None:
        """About how many bytes it will be, where that is found out on the way."""
        if self._activity is not None:
            self._activity.bytes_expected = max(0, bytes_expected)
            self._activity.save(update_fields=["bytes_expected"])

    def end(self) -> float:
        """It came to its end; the seconds that it took."""
        if self._activity is None:
            return 0.0
        seconds = time.monotonic() - self._began
        self._activity.seconds = seconds
        self._activity.save(update_fields=["seconds", "bytes_done", "tables_done"])
        self._activity = None
        return seconds


def name_owner(work: Proof | Rehearsal | Run | DriftCheck) -> str:
    """`proof:7`"""
    return f"{type(work).__name__.lower()}:{work.pk}"


def follow_restore(follower: Follower, backup: Backup, *, size: int) -> Callable[[int], None]:
    """Begins a restore; what is returned wants the copy's bytes on disk, the first time before anything is in it.

    `size`: bytes on disk of the database that the backup is of; 0: not known. A copy has none of its dead rows: what
    the restore before took is the better measure.
    """
    follower.turn_to(Activity.Kind.RESTORING)
    empty: int | None = None

    def tell(on_disk: int) -> None:
        nonlocal empty
        if empty is None:
            empty = on_disk
            follower.expect(_expect_bytes(backup, size - empty))
        follower.tell(bytes_done=on_disk - empty)

    return tell


def _expect_bytes(backup: Backup, size: int) -> int:
    ended = Activity.objects.filter(kind=Activity.Kind.RESTORING, seconds__isnull=False, bytes_done__gt=0)
    if same := ended.filter(backup=backup).first():
        return same.bytes_done
    like = ended.filter(
        backup__project=backup.project, backup__environment=backup.environment, backup__data_bytes__gt=0
    ).select_related("backup").first()  # fmt: skip
    if like is not None and like.backup.data_bytes and backup.data_bytes:
        return like.bytes_done * backup.data_bytes // like.backup.data_bytes
    return size
