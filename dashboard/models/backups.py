"""Copies of databases, and their proof."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Backup(models.Model):
    """A copy of an environment's database, taken by the dashboard or by a command, or attested by a person."""

    class Method(models.TextChoices):
        DUMP = "dump", "taken by the dashboard"
        COMMAND = "command", "taken by a command"
        ATTEST = "attest", "attested"

    class State(models.TextChoices):
        PREPARING = "preparing", "preparing"
        PROVEN = "proven", "proven"
        FAILED = "failed", "failed"
        EXPIRED = "expired", "expired"
        DELETED = "deleted", "deleted"

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    method = models.CharField(max_length=10, choices=Method.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARING)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    """Moment of the snapshot; a backup's age counts from here."""
    rows = models.JSONField(default=list)
    """Version-table rows when it was asked for."""
    identity = models.CharField(max_length=200, blank=True)
    path = models.TextField(blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    tool = models.CharField(max_length=100, blank=True)
    expected_bytes = models.BigIntegerField(null=True, blank=True)
    """About how large it will be."""
    data_bytes = models.BigIntegerField(null=True, blank=True)
    """What the tables took on the server's disk."""
    tables = models.PositiveIntegerField(null=True, blank=True)
    contents = models.JSONField(null=True, blank=True)
    """What a restored copy must hold, read in the backup's own snapshot: see databases/contents.py. Null: not known."""
    contents_error = models.TextField(blank=True)
    """Why it is not known."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    read_through_at = models.DateTimeField(null=True, blank=True)
    """When the whole file was last read without an error; empty: never."""
    read_seconds = models.FloatField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    """When it was last restored into a scratch database and found equal to its snapshot; empty: never."""
    restore_error = models.TextField(blank=True)
    """Why it could not be restored when that was last tried, though not through its own fault."""
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    where = models.CharField(max_length=500, blank=True)
    """Attested: where it is kept, in a person's words. By a command: the reference that it gave. Masked."""
    exit_code = models.IntegerField(null=True, blank=True)
    """Of the command."""
    output = models.TextField(blank=True)
    """The end of what the command said. Masked."""
    how = models.TextField(blank=True)
    """Attested: how that person knows that it restores."""

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["project", "environment", "-created_at"])]
        permissions = [("take_backup", "Can take and attest backups")]

    def __str__(self) -> str:
        return f"Backup {self.pk} of {self.project}/{self.environment}"


class Proof(models.Model):
    """One climb of a backup's ladder: size, sha256, read through, restored and compared."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        PASSED = "passed", "passed"
        FAILED = "failed", "failed"
        UNAVAILABLE = "unavailable", "could not be tried to its end"

    LIVE = (State.QUEUED, State.WORKING)

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="proofs")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    up_to = models.CharField(max_length=10)
    """`read` or `restore`."""
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    rungs = models.JSONField(default=list)
    """[{"name", "state", "words", "seconds"}] as far as it came; see usecases/prove_backup.py. Masked."""
    scratch = models.CharField(max_length=100, blank=True)
    """The name of the scratch database that it was restored into."""

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["backup"], condition=Q(state__in=["queued", "working"]), name="one_live_proof_a_backup"
            )
        ]

    def __str__(self) -> str:
        return f"Proof {self.pk} of backup {self.backup_id}"
