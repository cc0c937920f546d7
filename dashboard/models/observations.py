"""What was read from an environment, and where it differs from what it should be."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Observation(models.Model):
    """What was read from one environment's version table at one moment, or why it could not be read."""

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    observed_at = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=list)
    reason = models.CharField(max_length=30, blank=True)
    """A Reason of revisions/status.py; empty where rows were read."""
    detail = models.TextField(blank=True)
    server = models.CharField(max_length=100, blank=True)
    identity = models.CharField(max_length=200, blank=True)
    changed = models.BooleanField(default=False)
    """It differs from the environment's observation before it (or is the first); such are never thinned."""
    previous_at = models.DateTimeField(null=True, blank=True)
    """When the environment was last read with success before: what changed, changed since then."""

    class Meta:
        indexes = [models.Index(fields=["project", "environment", "-observed_at"])]
        ordering = ["-observed_at"]
        get_latest_by = "observed_at"
        permissions = [("see_dashboard", "Can see every environment, plan, backup and run")]

    def __str__(self) -> str:
        return f"{self.project}/{self.environment} at {self.observed_at:%Y-%m-%d %H:%M:%S}"


class DriftCheck(models.Model):
    """One comparison of a database's schema with what it should be. It wrote nothing to the database."""

    class Kind(models.TextChoices):
        REVISIONS = "revisions", "database and revisions"
        MODELS = "models", "database and models"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        DONE = "done", "done"
        FAILED = "failed", "could not be compared"
        DISCARDED = "discarded", "discarded"

    LIVE = (State.QUEUED, State.WORKING)

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """Empty: it began by itself, because the environment asks for it."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.JSONField(default=list)
    """The version table while it was compared."""
    identity = models.CharField(max_length=200, blank=True)
    """Of the database, as an observation tells it."""
    on_replica = models.BooleanField(default=False)
    differences = models.JSONField(default=list)
    """What databases/difference.py makes of each, at most MOST of usecases/check_drift.py. Masked."""
    number = models.PositiveIntegerField(null=True, blank=True)
    """Of all differences; empty: not known."""
    error = models.TextField(blank=True)
    """Why nothing could be compared, or why the result does not count. Masked."""

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "environment", "kind", "-requested_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "environment", "kind"],
                condition=Q(state__in=["queued", "working"]),
                name="one_live_drift_check_a_kind",
            )
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_kind_display()} of {self.project}/{self.environment} at {self.requested_at:%Y-%m-%d %H:%M:%S}"
        )
