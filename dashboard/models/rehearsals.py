"""A plan executed on a restored copy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.models.backups import Backup
from dashboard.models.plans import Plan, StepAction


class Rehearsal(models.Model):
    """One execution of a plan on a scratch database restored from a backup."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        PASSED = "passed", "came to its end"
        FAILED = "failed", "failed"
        UNAVAILABLE = "unavailable", "could not be tried"

    LIVE = (State.QUEUED, State.WORKING)

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="rehearsals")
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="rehearsals")
    fingerprint = models.CharField(max_length=64)
    """Of the plan: whatever plan has the same is the one that was rehearsed."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """Empty: it began by itself, because the environment asks for it."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    doing = models.CharField(max_length=20, blank=True)
    """`restoring` or `executing` while it works."""
    steps_done = models.PositiveIntegerField(default=0)
    """Of the plan, while it is executing."""
    step_at = models.DateTimeField(null=True, blank=True)
    """When the step that is being executed began."""
    restore_seconds = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    """From the first revision's beginning to the end of the last transaction."""
    tells_locks = models.BooleanField(default=False)
    """The database tells locks, rewritten bytes and WAL."""
    error = models.TextField(blank=True)
    """Why it failed or could not be tried. Masked."""
    scratch = models.CharField(max_length=100, blank=True)
    """The name of the scratch database."""

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["fingerprint", "backup"])]
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint", "backup"],
                condition=Q(state__in=["queued", "working"]),
                name="one_live_rehearsal_a_plan_and_backup",
            )
        ]

    def __str__(self) -> str:
        return f"Rehearsal {self.pk} of plan {self.plan_id} on backup {self.backup_id}"


class RehearsedRevision(models.Model):
    """What one step of a plan did in one rehearsal."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="revisions")
    position = models.PositiveIntegerField()
    """Of the step in the plan, from 1."""
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=StepAction.choices)
    seconds = models.FloatField(null=True, blank=True)
    """Empty: it did not come to its end."""
    locks = models.JSONField(default=list)
    """[{"relation", "mode", "seconds", "is_index", "to_end"}], the strongest first, of relations that were there before."""
    locks_dropped = models.PositiveIntegerField(default=0)
    """So many weaker ones are not kept."""
    rewritten = models.JSONField(default=list)
    """[{"relation", "bytes"}], the largest first."""
    wal_bytes = models.BigIntegerField(null=True, blank=True)
    rows = models.BigIntegerField(null=True, blank=True)
    """Inserted, updated and deleted; empty: not known."""
    statements = models.JSONField(default=list)
    """[{"sql", "times", "seconds"}] as they were sent, without parameters. Masked."""
    statements_dropped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rehearsal", "position"], name="one_rehearsed_revision_a_position")
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.revision} in rehearsal {self.rehearsal_id}"


class RehearsalOverride(models.Model):
    """A person's recorded word that what a plan's rehearsals exceeded may be exceeded: for that plan and that backup."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="overrides")
    given_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    exceeded = models.TextField()
    """What was exceeded, as it was read."""
    reason = models.TextField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Override of rehearsal {self.rehearsal_id} by {self.given_by}"
