"""Long work on backups, as it goes on and as it was: what tells how far it is, and how long the next will take."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from dashboard.models.backups import Backup


class Activity(models.Model):
    """One stretch of work on a backup: by whom it is taken, proven, rehearsed on or restored has several in turn."""

    class Kind(models.TextChoices):
        CHECKING = "checking", "looking at tools, rights and space first"
        COMMAND = "command", "its command runs"
        COPYING = "copying", "being written"
        COUNTING = "counting", "rows are counted and hashed in its snapshot"
        READING = "reading", "being read"
        RESTORING = "restoring", "being restored"
        COMPARING = "comparing", "the copy is being compared"

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="activities")
    owner = models.CharField(max_length=40, blank=True)
    """What it is done for: `proof:7`, `rehearsal:3`, `run:12`; empty: taking the backup itself."""
    kind = models.CharField(max_length=10, choices=Kind.choices)
    started_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(null=True, blank=True)
    """Empty: it goes on, as long as its owner does."""
    bytes_done = models.BigIntegerField(default=0)
    bytes_expected = models.BigIntegerField(default=0)
    """About how many there will be; 0: not known, or it is not told by bytes."""
    tables_done = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "activities"
        indexes = [models.Index(fields=["backup", "owner"]), models.Index(fields=["kind", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} of backup {self.backup_id}{f' for {self.owner}' if self.owner else ''}"
