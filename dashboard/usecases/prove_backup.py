"""Proves a backup, rung by rung: size, sha256, read through to its end, restored and compared with its snapshot.

A rung that finds the backup at fault fails the backup. One that could not be tried, because no scratch server is there,
say, leaves the backup as proven as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard import access
from dashboard.databases.backup import BackupRejected, BackupUnavailable, hash_backup, read_through
from dashboard.databases.contents import contents_from_json, list_differences
from dashboard.databases.scratch import (
    ScratchUnavailable,
    check_place,
    read_copy,
    restore_into,
    scratch_database,
)
from dashboard.models import Activity, Backup, Proof
from dashboard.sources.configuration import Environment, NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, resolve
from dashboard.usecases.follow_work import Follower, follow_restore, name_owner
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.scratch_places import find_place, mark_for


class Rung(StrEnum):
    """The steps of the ladder, from the lowest."""

    SIZE = "size"
    SHA256 = "sha256"
    READ = "read through"
    RESTORE = "restored"


class ProofRefused(Exception):
    """No proof was begun; the message says why and what to do."""


class RungUnavailable(Exception):
    """A rung could not be tried, through no fault of the backup; the message says why and what to mend."""


def request_proof(*, user: AbstractBaseUser | AnonymousUser, backup_id: int, up_to: str) -> Proof:
    """Queues climbing the ladder once more, and returns at once. `up_to`: `read` or `restore`.

    Raises ProofRefused, PermissionDenied.
    """
    from dashboard.tasks import prove

    operator = access.require(user, access.BACK_UP)
    backup = Backup.objects.filter(pk=backup_id).first()
    if backup is None:
        raise ProofRefused("There is no such backup.")
    if backup.method != Backup.Method.DUMP:
        raise ProofRefused("The dashboard did not take this backup, so it cannot prove it.")
    if backup.state != Backup.State.PROVEN:
        raise ProofRefused(f"Backup {backup.pk} is {backup.state}. Take a new one.")
    if up_to == "restore" and backup.contents is None:
        raise ProofRefused(
            f"It is not known what a copy of backup {backup.pk} must hold. {backup.contents_error} Take a new backup."
        )
    try:
        with transaction.atomic():
            proof = Proof.objects.create(backup=backup, up_to=up_to, requested_by=operator)
            prove.enqueue(proof.pk)
    except IntegrityError:
        raise ProofRefused(f"Backup {backup.pk} is being proven already. Wait until that is done.") from None
    return proof


def prove_backup_now(*, proof_id: int) -> None:
    """In a worker: climbs the ladder of one requested proof. Never raises for what becomes of it: its row tells."""
    claimed = Proof.objects.filter(pk=proof_id, state=Proof.State.QUEUED).update(
        state=Proof.State.WORKING, heartbeat_at=timezone.now()
    )
    if not claimed:
        return
    proof = Proof.objects.select_related("backup").get(pk=proof_id)
    with heartbeat(Proof, proof.pk):
        try:
            _project, environment = find_environment(proof.backup.project, proof.backup.environment)
            error = climb(proof, environment)
        except UnknownName as unknown:
            finish_proof(proof, Proof.State.UNAVAILABLE)
            error = str(unknown)
    if proof.state == Proof.State.FAILED:
        Backup.objects.filter(pk=proof.backup_id, state=Backup.State.PROVEN).update(
            state=Backup.State.FAILED, error=error
        )


def climb(proof: Proof, environment: Environment) -> str:
    """Goes as far up as `up_to` says and records each rung; what was wrong, masked, or empty.

    The proof ends as passed, failed (the backup is at fault) or unavailable.
    """
    try:
        with Follower(proof.backup, name_owner(proof)) as follower:
            ladder = _Ladder(proof, environment, follower)
            ladder.check_file()
            ladder.read_through()
            if proof.up_to == "restore":
                ladder.restore()
    except BackupRejected as rejection:
        finish_proof(proof, Proof.State.FAILED)
        return masker_for(environment).mask(str(rejection))
    except RungUnavailable as error:
        finish_proof(proof, Proof.State.UNAVAILABLE)
        return masker_for(environment).mask(str(error))
    finish_proof(proof, Proof.State.PASSED)
    return ""


def finish_proof(proof: Proof, state: Proof.State) -> None:
    """Records how it ended."""
    proof.state, proof.finished_at = state, timezone.now()
    proof.save(update_fields=["state", "finished_at"])


class _Ladder:
    """One climb: each method is a rung, records itself and raises BackupRejected or RungUnavailable."""

    def __init__(self, proof: Proof, environment: Environment, follower: Follower) -> None:
        self._proof = proof
        self._backup = proof.backup
        self._environment = environment
        self._path = Path(proof.backup.path)
        self._masker = masker_for(environment)
        self._seconds = environment.timeouts.run.total_seconds()
        self._follower = follower

    def check_file(self) -> None:
        """That the file is the one that was written."""
        backup = self._backup
        self._follower.turn_to(Activity.Kind.READING)
        started = time.monotonic()
        with self._rung(Rung.SIZE):
            size, sha256 = hash_backup(self._path)
            if size != backup.size or not size:
                raise BackupRejected(f"{self._path.name} has {size:,} bytes, not {backup.size:,}.")
        self._passed(Rung.SIZE, f"{size:,} bytes", 0.0)
        with self._rung(Rung.SHA256):
            if sha256 != backup.sha256:
                raise BackupRejected(f"The sha256 of {self._path.name} is not the one that was recorded.")
        self._passed(Rung.SHA256, sha256, time.monotonic() - started)

    def read_through(self) -> None:
        """That it can be read to its end as a restore would."""
        with self._rung(Rung.READ):
            read = read_through(
                resolve(self._environment).target,
                self._path,
                tools=self._environment.backup.tools,
                deadline=self._seconds,
            )
        self._follower.end()
        self._passed(Rung.READ, f"all of it, {read.entries} entries, no error", read.seconds)
        now = timezone.now()
        Backup.objects.filter(pk=self._backup.pk).update(read_through_at=now, read_seconds=read.seconds)
        self._backup.read_through_at = now

    def restore(self) -> None:
        """That a copy restored from it equals the snapshot."""
        started = time.monotonic()
        try:
            with self._rung(Rung.RESTORE):
                words = self._restore_and_compare()
        except RungUnavailable as error:
            Backup.objects.filter(pk=self._backup.pk).update(restore_error=self._masker.mask(str(error)))
            raise
        self._passed(Rung.RESTORE, words, time.monotonic() - started)
        now = timezone.now()
        Backup.objects.filter(pk=self._backup.pk).update(restored_at=now, restore_error="")
        self._backup.restored_at = now

    def _restore_and_compare(self) -> str:
        if self._backup.contents is None:
            raise RungUnavailable(f"It is not known what a copy must hold. {self._backup.contents_error}")
        expected = contents_from_json(self._backup.contents)
        place = find_place(self._environment)
        check_place(place, expected.origin)
        with scratch_database(place, expected.origin, mark_for(self._proof)) as copy:
            self._proof.scratch = copy.name if place.server else Path(copy.name).parent.name
            self._proof.save(update_fields=["scratch"])
            tool = restore_into(
                copy,
                self._path,
                tools=self._environment.backup.tools,
                deadline=self._seconds,
                progress=follow_restore(self._follower, self._backup, size=expected.origin.size),
            )
            seconds = self._follower.end()
            self._follower.turn_to(Activity.Kind.COMPARING)
            found = read_copy(copy, deadline=self._seconds, tick=lambda done: self._follower.tell(tables_done=done))
        self._follower.end()
        if differences := list_differences(expected, found):
            raise BackupRejected(f"The restored copy differs from the snapshot. {' '.join(differences)}")
        return (
            f"by {tool} in {seconds:.1f} s; schema, tables ({len(found.tables)}) and rows ({found.rows:,}) equal those "
            "of the snapshot"
        )

    @contextmanager
    def _rung(self, rung: Rung) -> Iterator[None]:
        """Records that the rung failed, or could not be tried, and raises."""
        try:
            yield
        except BackupRejected as rejection:
            self._record(rung, "failed", str(rejection), None)
            raise
        except (ScratchUnavailable, BackupUnavailable, NotConfigured, RungUnavailable) as error:
            self._record(rung, "unavailable", str(error), None)
            raise RungUnavailable(str(error)) from None

    def _passed(self, rung: Rung, words: str, seconds: float) -> None:
        self._record(rung, "passed", words, seconds)

    def _record(self, rung: Rung, state: str, words: str, seconds: float | None) -> None:
        self._proof.rungs.append(
            {"name": rung.value, "state": state, "words": self._masker.mask(words), "seconds": seconds}
        )
        self._proof.save(update_fields=["rungs"])
